#!/usr/bin/env python3
"""Writes every SQL file as a C text: embed.py OUTPUT NAME.sql… gives `static const char sql_NAME[]`."""
import json
import os
import sys

with open(sys.argv[1], "w", encoding="utf-8") as out:
    out.write("/* Made by embed.py from src/db/sql. */\n#ifndef DB_SQL_H\n#define DB_SQL_H\n\n")
    for path in sys.argv[2:]:
        name = os.path.basename(path)[: -len(".sql")]
        out.write(f"__attribute__((unused)) static const char sql_{name}[] =\n")
        with open(path, encoding="utf-8") as text:
            for line in text:
                out.write("\t" + json.dumps(line) + "\n")
        out.write(";\n\n")
    out.write("#endif\n")
