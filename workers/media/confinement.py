"""Takes from the decoding process all that it does not need, before it sees a stranger's file.

Guaranteed on every Linux: limits on private memory, address space and processor time, no file
written, no core dump, few open files, and no dump or trace of the process by others.
Guaranteed on x86-64 and arm64: a system call filter that refuses sockets, new programmes and any
reach into other processes.
Where the kernel allows it, besides: a network namespace of its own with nothing in it, and
Landlock, which leaves Python's and the system's libraries as the only readable files, so that a
decoder that was taken over cannot read keys from the disk. Both are commonly there, but in a
container they depend on how it is run; `confine` tells which of them hold, and the media worker
logs what is missing.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import resource
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

from workers.media.limits import ADDRESS_SPACE, MEMORY, OPEN_FILES
from workers.media.protocol import Protection

_SET_DUMPABLE, _SET_SECCOMP, _SET_NO_NEW_PRIVILEGES = 4, 22, 38
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000

# socket, socketpair, connect, execve, execveat, setpgid, setsid, ptrace, kill, keyctl,
# process_vm_readv and _writev, bpf, open_by_handle_at, io_uring_setup, pidfd_open, pidfd_getfd
_REFUSED_CALLS = {
    "x86_64": (41, 53, 42, 59, 322, 109, 112, 101, 62, 250, 310, 311, 321, 304, 425, 434, 438),
    "aarch64": (
        198,
        199,
        203,
        221,
        281,
        154,
        157,
        117,
        129,
        219,
        270,
        271,
        280,
        265,
        425,
        434,
        438,
    ),
}
_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_FOREIGN_CALLS = 0x40000000  # the x32 calls on x86-64 start here; no sound call is above
_LOAD, _EQUALS, _AT_LEAST, _ANSWER = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM

_LANDLOCK_CREATE, _LANDLOCK_ADD, _LANDLOCK_RESTRICT = 444, 445, 446
_LANDLOCK_ALL = (1 << 13) - 1  # every right that the first version of Landlock knows
_LANDLOCK_READ = 0b1100  # read files and list folders
_LIBRARY_FOLDERS = ("/usr/lib", "/usr/local/lib", "/lib", "/lib64", "/etc/ld.so.cache")

_libc = ctypes.CDLL(None, use_errno=True)


def confine() -> frozenset[Protection]:
    """Confines this process for good; what holds beyond the limits.

    That is "network" (a namespace of its own), "files" (Landlock) and "calls" (seccomp). Call it
    before a second thread starts.
    """
    limit()
    _libc.prctl(_SET_DUMPABLE, 0, 0, 0, 0)
    _libc.prctl(_SET_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    parts: dict[Protection, Callable[[], bool]] = {
        "network": _leave_network,
        "files": _leave_files,
        "calls": _leave_calls,
    }
    return frozenset(name for name, leave in parts.items() if leave())


def limit() -> None:
    """Sets the limits on memory and files."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))


def allow_seconds(seconds: int) -> None:
    """Lets this process compute so much longer; after that the kernel ends it (SIGXCPU)."""
    until = int(time.process_time()) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))


def _leave_network() -> bool:
    return any(_libc.unshare(what) == 0 for what in (_NEW_USER | _NEW_NETWORK, _NEW_NETWORK))


def _leave_files() -> bool:
    rules = ctypes.create_string_buffer(struct.pack("=Q", _LANDLOCK_ALL), 8)
    ruleset = _libc.syscall(_LANDLOCK_CREATE, rules, ctypes.c_size_t(8), 0)
    if ruleset < 0:
        return False
    own = (sys.prefix, sys.base_prefix, str(Path(__file__).parent))
    for name in (*own, *_LIBRARY_FOLDERS):
        _allow_reading(ruleset, name)
    held = bool(_libc.syscall(_LANDLOCK_RESTRICT, ruleset, 0) == 0)
    os.close(ruleset)
    return held


def _allow_reading(ruleset: int, name: str) -> None:
    path = Path(name)
    if not path.exists():
        return
    rights = _LANDLOCK_READ if path.is_dir() else _LANDLOCK_READ & 0b0100
    opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, opened), 12)
    _libc.syscall(_LANDLOCK_ADD, ruleset, 1, rule, 0)
    os.close(opened)


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def _leave_calls() -> bool:
    calls = _REFUSED_CALLS.get(platform.machine())
    return calls is not None and refuse_calls(calls)


def refuse_calls(calls: tuple[int, ...]) -> bool:
    """Refuses these system calls to this process and what it starts; whether that was possible.

    The process must have given up new privileges before.
    """
    code = _filter_code(_ARCHITECTURES[platform.machine()], calls)
    return bool(
        _libc.prctl(_SET_SECCOMP, 2, ctypes.byref(_Filter(len(code) // 8, code)), 0, 0) == 0
    )


def _filter_code(architecture: int, calls: tuple[int, ...]) -> bytes:
    """The filter as BPF: a foreign or listed call is refused, all else is allowed."""
    refuse = len(calls) + 4  # index of the last instruction but one
    lines = [(_LOAD, 0, 0, 4), (_EQUALS, 0, refuse - 1, architecture), (_LOAD, 0, 0, 0)]
    lines.append((_AT_LEAST, refuse - len(lines), 0, _FOREIGN_CALLS))
    for call in calls:
        lines.append((_EQUALS, refuse - len(lines), 0, call))
    lines += [(_ANSWER, 0, 0, _ALLOW), (_ANSWER, 0, 0, _REFUSE)]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)
