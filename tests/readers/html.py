"""HTML by html5lib, a parser of the WHATWG's algorithm: what it would have to mend is an error. html.py FILE..."""

import sys

import html5lib

for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as file:
        text = file.read()
    parser = html5lib.HTMLParser(strict=False)
    document = parser.parse(text)
    errors = [f"{name}:{line}:{column}: {code} {data}" for (line, column), code, data in parser.errors]
    assert not errors, "\n".join(errors)
    ids = [element.get("id") for element in document.iter() if element.get("id")]
    assert len(ids) == len(set(ids)), f"{name}: an id is there twice"
    links = [element.get("href") for element in document.iter() if (element.get("href") or "").startswith("#")]
    missing = [link for link in links if link[1:] not in ids]
    assert not missing, f"{name}: nothing is at {missing}"
    loads = [element for element in document.iter() if element.get("src") or str(element.tag).endswith("link")]
    assert not loads, f"{name}: it loads something"
    print(f"{name}: {len(ids)} ids, {len(links)} links, no errors")
