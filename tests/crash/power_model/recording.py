# SPDX-License-Identifier: Apache-2.0
"""What op_recorder.c wrote down: the tree before, the operations in order, and a check that nothing was missed."""
import os
import struct
import subprocess

CREATE, MKDIR, LINK, UNLINK, RMDIR, RENAME, EXCHANGE, WRITE, TRUNCATE, FSYNC, SYNCFS = range(1, 12)
NAMES = ("", "create", "mkdir", "link", "unlink", "rmdir", "rename", "exchange", "write", "truncate", "fsync", "syncfs")
DATA = (WRITE, TRUNCATE)
SYNCS = (FSYNC, SYNCFS)
RECORD = struct.Struct("<6I4Qq")
HEADER = struct.Struct("<QiI")
LOG_BYTES = 512 << 20  # sparse


class Op:
    __slots__ = ("type", "process", "dir", "name", "to_dir", "to_name", "inode", "replaced", "offset", "data")

    def __repr__(self):
        words = [NAMES[self.type], f"#{self.inode}"]
        if self.name:
            words.append(f"{self.dir}/{self.name.decode(errors='replace')}")
        if self.to_name:
            words.append(f"-> {self.to_dir}/{self.to_name.decode(errors='replace')}")
        if self.type in DATA:
            words.append(f"at {self.offset}" + (f", {len(self.data)} bytes" if self.type == WRITE else ""))
        return " ".join(words)


class Tree:
    """Directories and files by inode: what is on a disk. Names are bytes; a file's bytes may be shared with a copy."""

    def __init__(self, root):
        self.root = root
        self.dirs = {root: {}}
        self.files = {}

    @staticmethod
    def read(path):
        out = Tree(os.stat(path).st_ino)
        pending = [(os.fsencode(path), out.root)]
        while pending:
            folder, inode = pending.pop()
            for entry in os.scandir(folder):
                ino = entry.inode()
                out.dirs[inode][entry.name] = ino
                if entry.is_dir(follow_symlinks=False):
                    out.dirs[ino] = {}
                    pending.append((entry.path, ino))
                elif ino not in out.files:
                    with open(entry.path, "rb") as f:
                        out.files[ino] = f.read()
        return out

    def copy(self):
        out = Tree(self.root)
        out.dirs = {ino: dict(names) for ino, names in self.dirs.items()}
        out.files = {ino: bytes(data) for ino, data in self.files.items()}
        return out

    def walk(self):
        """path -> inode of everything that can be reached; directories end in /."""
        pending = [(b"", self.root)]
        while pending:
            path, inode = pending.pop()
            for name, ino in self.dirs[inode].items():
                if ino in self.dirs:
                    yield path + name + b"/", ino
                    pending.append((path + name + b"/", ino))
                else:
                    yield path + name, ino

    def build(self, path):
        """Makes it real below path, which is not there. SQLite's WAL index is not kept: it is rebuilt from the WAL."""
        os.mkdir(path, 0o755)
        at = os.fsencode(path) + b"/"
        made = {}
        for name, ino in sorted(self.walk()):
            if name.endswith(b"/"):
                os.mkdir(at + name, 0o750)
            elif ino in made:
                os.link(made[ino], at + name)
            elif not name.endswith(b"-shm"):
                fd = os.open(at + name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
                os.write(fd, self.files[ino])
                os.close(fd)
                made[ino] = at + name

    def find(self, path):
        """The bytes of a file; None where there is none."""
        names, inode = path.split(b"/"), self.root
        for name in names:
            inode = self.dirs.get(inode, {}).get(name)
        return self.files.get(inode)


def apply(tree, op):
    """One operation, as it happened."""
    dirs, files = tree.dirs, tree.files
    if op.type == WRITE:
        data = files[op.inode]
        if not isinstance(data, bytearray):
            data = files[op.inode] = bytearray(data)
        if len(data) < op.offset:
            data.extend(bytes(op.offset - len(data)))
        data[op.offset:op.offset + len(op.data)] = op.data
    elif op.type == TRUNCATE:
        files[op.inode] = bytearray(files[op.inode][:op.offset].ljust(op.offset, b"\0"))
    elif op.type in (CREATE, MKDIR):
        dirs[op.dir][op.name] = op.inode
        (dirs if op.type == MKDIR else files)[op.inode] = {} if op.type == MKDIR else b""
    elif op.type == LINK:
        dirs[op.dir][op.name] = op.inode
    elif op.type in (UNLINK, RMDIR):
        del dirs[op.dir][op.name]
    elif op.type == RENAME:
        del dirs[op.dir][op.name]
        dirs[op.to_dir][op.to_name] = op.inode
    elif op.type == EXCHANGE:
        dirs[op.dir][op.name], dirs[op.to_dir][op.to_name] = op.replaced, op.inode


class Recording:
    """One run of the program on a tree: `before`, `ops`, and `after`, the tree that all of them give."""

    def __init__(self, before, ops):
        self.before, self.ops = before, ops
        self.after = before.copy()
        for op in ops:
            apply(self.after, op)


def build_recorder(folder):
    """Compiles op_recorder.c; None where there is no C compiler."""
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "op_recorder.c")
    library = os.path.join(folder, "op_recorder.so")
    command = [os.environ.get("CC", "cc"), "-std=gnu11", "-O2", "-fPIC", "-shared", "-o", library, source, "-ldl"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return library


def parse(log, before):
    used, _, full = HEADER.unpack_from(log)
    assert not full, "the log of operations is too small; make LOG_BYTES larger"
    ops, at = [], HEADER.size
    seen = dict.fromkeys([*before.dirs, *before.files], 0)
    while at < used:
        size, kind, name, to_name, data, process, *rest = RECORD.unpack_from(log, at)
        op, text = Op(), at + RECORD.size
        op.type, op.process = kind, process
        op.dir, op.to_dir, op.inode, op.replaced, op.offset = rest
        op.name = log[text:text + name]
        op.to_name = log[text + name:text + name + to_name]
        op.data = log[text + name + to_name:text + name + to_name + data]
        # An inode's number may be given again; every file here is one of its own.
        if kind in (CREATE, MKDIR):
            seen[op.inode] = seen.get(op.inode, -1) + 1
        for member in ("dir", "to_dir", "inode", "replaced"):
            number = getattr(op, member)
            if seen.get(number):
                setattr(op, member, number + (seen[number] << 40))
        ops.append(op)
        at += size
    return ops


def record(state, log_path, library, environment, run):
    """Records what `run()` does to the tree at `state`; environment is what `run` starts the program with."""
    with open(log_path, "wb") as f:
        f.truncate(LOG_BYTES)
    before = Tree.read(state)
    environment.update(LD_PRELOAD=library, SF_RECORD_LOG=log_path, SF_RECORD_ROOT=state)
    try:
        run()
    finally:
        for name in ("LD_PRELOAD", "SF_RECORD_LOG", "SF_RECORD_ROOT"):
            del environment[name]
    with open(log_path, "rb") as f:
        used, _, _ = HEADER.unpack(f.read(HEADER.size))
        f.seek(0)
        out = Recording(before, parse(f.read(used), before))
    os.unlink(log_path)
    real = Tree.read(state)
    seen, there = dict(out.after.walk()), dict(real.walk())
    assert seen.keys() == there.keys(), f"the recorder missed names: {sorted(seen.keys() ^ there.keys())[:5]}"
    for path in seen:
        if not path.endswith((b"/", b"-shm")):
            assert out.after.files[seen[path]] == real.files[there[path]], f"the recorder missed bytes of {path}"
    return out
