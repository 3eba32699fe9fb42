#!/usr/bin/env python3
"""Fills a registry from the one image that was pushed to it as bench/many:1, quicker than pushes could.

usage: seed.py tags DATABASE COUNT           as many manifests in bench/many, each its own, with tags t0000001, ...
       seed.py repositories DATABASE COUNT   as many repositories, bench/r00001, ..., with that image in each
       seed.py folders STORAGE COUNT         the same for docker-registry: copies of the repository's folder

DATABASE is a registry.db that naru-registry made and does not have open. Manifests are copies of the pushed one with an annotation that makes each
another; their digests are real. Rows come in the order of the digests, so that no index is filled at random.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import sys


def copies(database, table, where, columns, rows):
    """Adds rows to a table as copies of the one that is there, with other values in the columns: each of rows is those columns' values."""
    cursor = database.execute(f"SELECT * FROM {table} WHERE {where} LIMIT 1")
    model = cursor.fetchone()
    names = [column[0] for column in cursor.description if column[0] != "id" or "id" in columns]
    fixed = [name for name in names if name not in columns]
    values = [model[[column[0] for column in cursor.description].index(name)] for name in fixed]
    sql = f"INSERT INTO {table} ({', '.join(fixed + columns)}) VALUES ({', '.join('?' * len(names))})"
    database.executemany(sql, (values + list(row) for row in rows))


def open_database(path):
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA cache_size = -500000")
    database.execute("PRAGMA synchronous = OFF")
    database.execute("BEGIN IMMEDIATE")
    return database


def close_database(database):
    database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def one(database, sql, *values):
    return database.execute(sql, values).fetchone()[0]


def seed_tags(path, count):
    database = open_database(path)
    manifest = one(database, "SELECT min(id) FROM manifests")
    content = one(database, "SELECT content FROM blobs JOIN manifests ON blob_id = blobs.id WHERE manifests.id = ?", manifest)
    document = json.loads(content)
    document["annotations"] = {"org.opencontainers.image.revision": "%"}
    before, after = (part.encode() for part in json.dumps(document).split("%"))
    refs = database.execute("SELECT kind, digest, absent FROM manifest_refs WHERE manifest_id = ?", (manifest,)).fetchall()
    first_blob = one(database, "SELECT max(id) FROM blobs") + 1
    first_manifest = one(database, "SELECT max(id) FROM manifests") + 1

    def text(number):
        return before + b"%07d" % number + after

    size = len(text(0))
    digests = sorted(("sha256:" + hashlib.sha256(text(number)).hexdigest(), number) for number in range(count))
    blob_of_manifest = f"id = (SELECT blob_id FROM manifests WHERE id = {manifest})"
    copies(database, "blobs", blob_of_manifest, ["id", "digest", "size", "content"],
           ((first_blob + i, digest, size, text(number)) for i, (digest, number) in enumerate(digests)))
    copies(database, "manifests", f"id = {manifest}", ["id", "digest", "size", "blob_id", "annotations"],
           ((first_manifest + i, digest, size, first_blob + i, json.dumps({"org.opencontainers.image.revision": f"{number:07d}"}))
            for i, (digest, number) in enumerate(digests)))
    database.executemany("INSERT INTO manifest_refs (manifest_id, kind, digest, absent) VALUES (?, ?, ?, ?)",
                         ((first_manifest + i, *ref) for i in range(count) for ref in refs))
    copies(database, "tags", f"manifest_id = {manifest}", ["name", "manifest_id"], ((f"t{i + 1:07d}", first_manifest + i) for i in range(count)))
    close_database(database)


def seed_repositories(path, count):
    database = open_database(path)
    model = one(database, "SELECT id FROM repositories WHERE name = 'bench/many'")
    manifest = one(database, "SELECT min(id) FROM manifests")
    first_manifest = one(database, "SELECT max(id) FROM manifests") + 1
    numbers = range(1, count + 1)
    blobs = [row[0] for row in database.execute("SELECT blob_id FROM repository_blobs WHERE repository_id = ?", (model,))]
    refs = database.execute("SELECT kind, digest, absent FROM manifest_refs WHERE manifest_id = ?", (manifest,)).fetchall()
    copies(database, "repositories", f"id = {model}", ["id", "name"], ((model + i, f"bench/r{i:05d}") for i in numbers))
    copies(database, "repository_blobs", f"repository_id = {model}", ["repository_id", "blob_id"], ((model + i, blob) for i in numbers for blob in blobs))
    copies(database, "manifests", f"id = {manifest}", ["id", "repository_id"], ((first_manifest + i, model + i) for i in numbers))
    database.executemany("INSERT INTO manifest_refs (manifest_id, kind, digest, absent) VALUES (?, ?, ?, ?)",
                         ((first_manifest + i, *ref) for i in numbers for ref in refs))
    copies(database, "tags", f"manifest_id = {manifest}", ["repository_id", "manifest_id"], ((model + i, first_manifest + i) for i in numbers))
    close_database(database)


def seed_folders(storage, count):
    bench = os.path.join(storage, "docker/registry/v2/repositories/bench")
    for number in range(1, count + 1):
        shutil.copytree(os.path.join(bench, "many"), os.path.join(bench, f"r{number:05d}"), copy_function=shutil.copyfile)


{"tags": seed_tags, "repositories": seed_repositories, "folders": seed_folders}[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
