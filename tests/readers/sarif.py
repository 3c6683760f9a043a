"""Judges SARIF files by the schema that OASIS publishes: sarif.py SCHEMA FILE..."""

import json
import sys

import jsonschema

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
kind = jsonschema.validators.validator_for(schema)
kind.check_schema(schema)
validator = kind(schema, format_checker=kind.FORMAT_CHECKER)
for name in sys.argv[2:]:
    with open(name, encoding="utf-8") as file:
        errors = list(validator.iter_errors(json.load(file)))
    for error in errors:
        print(f"{name}: {error.json_path}: {error.message}")
    if errors:
        sys.exit(1)
    print(f"{name}: valid")
