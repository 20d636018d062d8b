#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Asks the real MLflow package what it makes of each filter in tests/unit/filter_cases.txt and writes
tests/unit/filter_golden.h, which t_api_filter.c compares our grammar with.

    python tools/filter_golden.py          # in an environment with mlflow

A line of the cases is "<kind> <text>", kind being runs, experiments, models, order, experiments_order, registered,
registered_order, versions, versions_order. "\\n" and the like are Python's escapes. A line that begins with "!" is a known difference: "! <kind> <text> ## <what we say>"; there the package
is only checked to say something else. Python prints sets in any order: sets in messages are sorted here and in ours.
"""

import re
import sys
from pathlib import Path

import sqlalchemy
from mlflow.exceptions import MlflowException
from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore
from mlflow.store.tracking import sqlalchemy_store as store
from mlflow.store.tracking.dbmodels.models import SqlLoggedModel
from mlflow.utils import search_logged_model_utils as models
from mlflow.utils.search_utils import SearchExperimentsUtils, SearchModelUtils, SearchModelVersionUtils, SearchUtils
from sqlalchemy.orm import Session

HERE = Path(__file__).resolve().parent.parent / "tests" / "unit"
SESSION = Session(sqlalchemy.create_engine("sqlite://"))


class Registry(SqlAlchemyStore):
    """What checks a filter of the registry, without a database."""

    def __init__(self):
        pass

    def _get_workspace_clauses(self, model):
        return []


REGISTRY = Registry()
COLUMNS = {"last_updated_time": "last_updated_timestamp", "creation_time": "creation_timestamp", "version": "version_number"}


def number(v):
    return format(float(v), ".17g")


def value(kind, key, v):
    if isinstance(v, tuple):
        return "[" + "|".join(v) + "]"
    numeric = kind in ("metric", "metrics") or key.endswith("_time") or "timestamp" in key or key == "version_number"
    return number(v) if numeric else str(v)


def show(clauses):
    return " AND ".join(f"{k}.{key} {op}" + ("" if v is None else f" {value(k, key, v)}") for k, key, op, v in clauses)


def experiment_value(key, v):
    if key != "experiment_id":
        return v
    return tuple(str(int(x)) for x in v) if isinstance(v, tuple) else str(int(v))


def ask(kind, text):
    if kind == "runs":
        parsed = SearchUtils.parse_search_filter(text)
        store._get_sqlalchemy_filter_clauses(parsed, SESSION, "sqlite")
        return show((c["type"], SearchUtils.translate_key_alias(c["key"]), c["comparator"].upper(), c["value"]) for c in parsed)
    if kind == "experiments":
        parsed = SearchExperimentsUtils.parse_search_filter(text)
        store._get_search_experiments_filter_clauses(parsed, "sqlite")
        return show((c["type"], c["key"], c["comparator"].upper(), experiment_value(c["key"], c["value"])) for c in parsed)
    if kind == "models":
        parsed = models.parse_filter_string(text)
        for c in parsed:
            if c.entity.type == models.EntityType.ATTRIBUTE:
                getattr(SqlLoggedModel, c.entity.key)
        return show((c.entity.type.value, c.entity.key, c.op, c.value) for c in parsed)
    if kind == "registered":
        parsed = SearchModelUtils.parse_search_filter(text)
        REGISTRY._get_search_registered_model_filter_query(SESSION, parsed, "sqlite")
        return show((c["type"], c["key"], c["comparator"].upper(), c["value"]) for c in parsed)
    if kind == "versions":
        parsed = SearchModelVersionUtils.parse_search_filter(text)
        REGISTRY._get_search_model_versions_filter_clauses(parsed, "sqlite")
        return show((c["type"], c["key"], c["comparator"].upper(), c["value"]) for c in parsed)
    if kind in ("registered_order", "versions_order"):
        parse = Registry._parse_search_registered_models_order_by, Registry._parse_search_model_versions_order_by
        column, _, direction = str(parse[kind == "versions_order"]([text])[0]).partition(".")[2].partition(" ")
        return f"attribute.{COLUMNS.get(column, column)} {direction}"
    if kind == "order":
        what, key, ascending = SearchUtils.parse_order_by_for_search_runs(text)
        store._get_orderby_clauses([text], SESSION)
        return f"{what}.{SearchUtils.translate_key_alias(key)} {'ASC' if ascending else 'DESC'}"
    store._get_search_experiments_order_by_clauses([text])
    what, key, ascending = SearchExperimentsUtils.parse_order_by_for_search_experiments(text)
    return f"{what}.{key} {'ASC' if ascending else 'DESC'}"


def sort_sets(message):
    return re.sub(r"\{('[^{}]*')\}", lambda m: "{" + ", ".join(sorted(m.group(1).split(", "))) + "}", message)


def answer(kind, text):
    try:
        return ask(kind, text)
    except MlflowException as e:
        assert e.error_code == "INVALID_PARAMETER_VALUE" or "duplicate" in e.message, (text, e.error_code)
        return "! " + sort_sets(e.message)
    except Exception as e:  # what the reference server answers with 500
        return f"!! {type(e).__name__}"


def literal(s):
    return '"' + "".join(c if 32 <= ord(c) < 127 and c not in '"\\' else f"\\{o:03o}" if (o := ord(c)) < 128
                         else "".join(f"\\{b:03o}" for b in c.encode()) for c in s) + '"'


def main():
    out = ["// SPDX-License-Identifier: Apache-2.0",
           "// Made by tools/filter_golden.py from filter_cases.txt and the mlflow package. Do not edit.",
           "// kind, filter, what it becomes, or \"! \" and the message.", ""]
    for line in (HERE / "filter_cases.txt").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        differs = line.startswith("! ")
        given, _, ours = line[2:].partition(" ## ") if differs else (line, "", "")
        kind, _, text = given.partition(" ")
        text = text.encode("latin-1", "backslashreplace").decode("unicode_escape") if "\\" in text else text
        theirs = answer(kind, text)
        if differs and theirs == ours:
            sys.exit(f"not a difference any more: {line}")
        if not differs and theirs.startswith("!! "):
            sys.exit(f"the package fails with {theirs}: list it as a difference: {line}")
        out.append(f"GOLDEN({kind}, {literal(text)},\n       {literal(ours if differs else theirs)})")
    (HERE / "filter_golden.h").write_text("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
