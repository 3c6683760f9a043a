//! A page as data: read from its Markdown, and written back with only the outputs changed.

use super::outputs;
use super::server::Answer;

/// One page.
#[derive(Clone)]
pub(super) struct Page {
    pub(super) files: Vec<File>,
    pub(super) servers: Vec<(String, Vec<Answer>)>,
    pub(super) parts: Vec<Part>,
}

/// A stretch of a page. All of them together are the page.
#[derive(Clone)]
pub(super) enum Part {
    /// Kept as it is.
    Text(String),
    Console(Vec<Command>),
}

/// A command and what the page says it prints.
#[derive(Clone)]
pub(super) struct Command {
    pub(super) line: usize,
    pub(super) text: String,
    pub(super) output: Vec<String>,
}

impl Command {
    pub(super) fn is_complete(&self) -> bool {
        self.output.last().is_some_and(|line| outputs::is_exit(line))
    }
}

/// A file that the page declares.
#[derive(Clone)]
pub(super) struct File {
    pub(super) name: String,
    flags: Vec<String>,
    body: String,
}

impl File {
    /// What is written to disk; `fill` puts the page's variables in place.
    pub(super) fn bytes(&self, fill: impl Fn(&str) -> String) -> Result<Vec<u8>, String> {
        if self.flags.first().is_some_and(|language| language == "hex") {
            return hex(&self.body).ok_or_else(|| format!("`{}` is not a row of bytes in hex", self.name));
        }
        let mut text = fill(&self.body);
        for flag in self.flags.iter().skip(1) {
            text = match (flag.as_str(), flag.strip_prefix("repeat=").map(str::parse)) {
                ("crlf", _) => text.replace('\n', "\r\n"),
                ("bom", _) => format!("\u{feff}{text}"),
                ("no-newline", _) => text.trim_end_matches(['\r', '\n']).to_owned(),
                (_, Some(Ok(count))) => text.repeat(count),
                _ => return Err(format!("`{}` has an unknown flag `{flag}`", self.name)),
            };
        }
        Ok(text.into_bytes())
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> =
        text.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    let pairs = digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair.get(1)?).ok());
    pairs.collect()
}

impl Page {
    pub(super) fn commands<'a>(&'a self) -> impl Iterator<Item = &'a Command> {
        let commands = |part: &'a Part| match part {
            Part::Console(commands) => commands.as_slice(),
            Part::Text(_) => &[],
        };
        self.parts.iter().flat_map(commands)
    }

    /// All that the author wrote: the page without its outputs.
    pub(super) fn own(&self) -> String {
        let texts = self.parts.iter().filter_map(|part| if let Part::Text(text) = part { Some(text) } else { None });
        texts.chain(self.commands().map(|command| &command.text)).map(|text| format!("{text}\n")).collect()
    }

    /// The page's Markdown.
    pub(super) fn render(&self) -> String {
        let render = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Console(commands) => console(commands),
        };
        self.parts.iter().map(render).collect()
    }
}

fn console(commands: &[Command]) -> String {
    let ticks = |line: &String| line.chars().take_while(|&c| c == '`').count();
    let longest = commands.iter().flat_map(|command| &command.output).map(ticks).max().unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));
    let blocks: Vec<_> = commands
        .iter()
        .map(|command| {
            let output: String = command.output.iter().map(|line| format!("{line}\n")).collect();
            format!("$ {}\n{output}", command.text)
        })
        .collect();
    format!("{fence}console\n{}{fence}\n", blocks.join("\n"))
}

/// Reads a page, or says at which line it is not one.
pub(super) fn parse(text: &str) -> Result<Page, String> {
    if !text.starts_with("# ") {
        return Err("line 1: a page begins with its claim: `# …`".to_owned());
    }
    let mut reader = Reader { page: Page { files: Vec::new(), servers: Vec::new(), parts: Vec::new() }, name: None };
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut at = 0;
    while at < lines.len() {
        let ticks = lines[at].chars().take_while(|&c| c == '`').count();
        if ticks < 3 {
            reader.prose(lines[at]).map_err(|error| format!("line {}: {error}", at + 1))?;
            at += 1;
            continue;
        }
        let (fence, info) = lines[at].trim_end().split_at(ticks);
        let length = lines[at + 1..].iter().position(|line| line.trim_end() == fence);
        let length = length.ok_or_else(|| format!("line {}: the block never ends", at + 1))?;
        let block = Block { line: at + 1, info, lines: &lines[at..at + length + 2] };
        reader.block(&block).map_err(|error| format!("line {}: {error}", at + 1))?;
        at += length + 2;
    }
    if let Some(name) = reader.name {
        return Err(format!("no block follows `{name}`:"));
    }
    if reader.page.commands().next().is_none() {
        return Err("the page has no command".to_owned());
    }
    Ok(reader.page)
}

/// A fenced block: its first line's number, its info string, and its lines with both fences.
struct Block<'a> {
    line: usize,
    info: &'a str,
    lines: &'a [&'a str],
}

impl Block<'_> {
    fn body(&self) -> &[&str] {
        &self.lines[1..self.lines.len() - 1]
    }
}

struct Reader {
    page: Page,
    /// The file name that the next block gets.
    name: Option<String>,
}

impl Reader {
    fn prose(&mut self, line: &str) -> Result<(), String> {
        let text = line.trim();
        if let Some(name) = text.strip_prefix('`').and_then(|text| text.strip_suffix("`:"))
            && !name.contains('`')
        {
            let known = self.page.files.iter().any(|file| file.name == name);
            if known || name.starts_with('/') || name.split('/').any(|step| step == "..") {
                return Err(format!("`{name}` is there already, or not in the page's folder"));
            }
            self.name = Some(name.to_owned());
        } else if let Some(name) = &self.name
            && !text.is_empty()
        {
            return Err(format!("no block follows `{name}`:"));
        }
        self.keep(line);
        Ok(())
    }

    fn block(&mut self, block: &Block<'_>) -> Result<(), String> {
        let words: Vec<&str> = block.info.split_whitespace().collect();
        let name = self.name.take();
        match (words.as_slice(), name) {
            (["console"], None) => {
                self.page.parts.push(Part::Console(commands(block)?));
                return Ok(());
            }
            (["server", names @ ..], None) => {
                let name = names.first().unwrap_or(&"server").to_uppercase();
                self.page.servers.push((name, Answer::parse(&block.body().concat())?));
            }
            (_, Some(name)) => {
                let flags = words.into_iter().map(str::to_owned).collect();
                self.page.files.push(File { name, flags, body: block.body().concat() });
            }
            (_, None) => {
                return Err("the block is not a console, not a server, and has no file name".to_owned());
            }
        }
        block.lines.iter().for_each(|line| self.keep(line));
        Ok(())
    }

    fn keep(&mut self, line: &str) {
        match self.page.parts.last_mut() {
            Some(Part::Text(text)) => text.push_str(line),
            _ => self.page.parts.push(Part::Text(line.to_owned())),
        }
    }
}

fn commands(block: &Block<'_>) -> Result<Vec<Command>, String> {
    let mut commands: Vec<Command> = Vec::new();
    for (at, line) in block.body().iter().enumerate() {
        let line = line.strip_suffix('\n').unwrap_or(line);
        if let Some(text) = line.strip_prefix("$ ") {
            commands.push(Command { line: block.line + 1 + at, text: text.to_owned(), output: Vec::new() });
            continue;
        }
        let command = commands.last_mut().ok_or("a console begins with a command: `$ …`")?;
        match (command.is_complete(), line.is_empty()) {
            (false, _) => command.output.push(line.to_owned()),
            (true, true) => {}
            (true, false) => return Err("output goes on after `[exit N]`".to_owned()),
        }
    }
    Ok(commands)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_survives_a_round_trip() {
        let text = "# T\n\nProse.\n\n`x.yaml`:\n\n```yaml\na: 1\n```\n\n````console\n$ mi-run x\n```\n[exit 0]\n\n$ ls\n[exit 1]\n````\n\nEnd, without a newline";
        assert_eq!(parse(text).unwrap().render(), text);
    }

    #[test]
    fn files_are_written_as_their_flags_say() {
        #[track_caller]
        fn check(info: &str, body: &str, expected: &[u8]) {
            let text = format!("# T\n`f`:\n```{info}\n{body}```\n```console\n$ ls\n```\n");
            let page = parse(&text).unwrap();
            assert_eq!(page.files[0].bytes(str::to_owned).unwrap(), expected, "{info}");
        }
        check("yaml", "a\nb\n", b"a\nb\n");
        check("yaml", "", b"");
        check("yaml crlf", "a\nb\n", b"a\r\nb\r\n");
        check("yaml crlf bom", "a\n", b"\xef\xbb\xbfa\r\n");
        check("yaml no-newline", "a\n", b"a");
        check("text repeat=3", "ab\n", b"ab\nab\nab\n");
        check("hex", "00 ff\n0A\n", b"\x00\xff\n");
    }

    #[test]
    fn what_is_not_a_page_says_so() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            assert_eq!(parse(text).err().as_deref(), Some(expected), "{text}");
        }
        check("text", "line 1: a page begins with its claim: `# …`");
        check("# T\n", "the page has no command");
        check("# T\n```console\n$ ls\n", "line 2: the block never ends");
        check("# T\n```yaml\n```\n", "line 2: the block is not a console, not a server, and has no file name");
        check("# T\n`a`:\ntext\n", "line 3: no block follows `a`:");
        check("# T\n`a`:\n", "no block follows `a`:");
        check("# T\n`../a`:\n", "line 2: `../a` is there already, or not in the page's folder");
        check("# T\n```console\nls\n```\n", "line 2: a console begins with a command: `$ …`");
        check("# T\n```console\n$ ls\n[exit 0]\nx\n```\n", "line 2: output goes on after `[exit N]`");
    }

    #[test]
    fn the_author_wrote_all_but_the_outputs() {
        let page = parse("# T one\n```console\n$ mi-run two\nthree\n[exit 0]\n```\n").unwrap();
        assert_eq!(page.own(), "# T one\n\nmi-run two\n");
    }
}
