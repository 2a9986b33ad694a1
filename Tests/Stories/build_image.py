#!/usr/bin/env python3
"""Makes the image of the Dockerfile beside this file without a Docker engine, and starts it.

  Tests/Stories/build_image.py                  all of it: as root, 10 minutes, Debian's mirror
  Tests/Stories/build_image.py --program PATH   only the last stage, of a program that is built

Each instruction is carried out in a chroot, in order. The image of the toolchain is a Debian that
debootstrap makes, with the packages that the image swift:6.3-bookworm has and the toolchain of this
machine (--toolchain); packages of Swift that this checkout has fetched are not fetched again. The
image must then hold one static program, which serves and talks to itself where nothing else is.

Exit status: 0 passed, 1 failed.
"""
import argparse
import os
import pathlib
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# What the image of the toolchain installs beside it, as far as a build asks for it.
TOOLCHAIN_PACKAGES = [
    "binutils", "ca-certificates", "gcc", "git", "libc6-dev", "libcurl4-openssl-dev", "libedit2",
    "libncurses6", "libpython3.11", "libsqlite3-0", "libstdc++-12-dev", "libxml2", "tzdata",
    "zlib1g-dev"]


class Failure(Exception):
    """The image is not what it has to be."""


def instructions(file):
    """The words and the rest of each instruction."""
    text = file.read_text().replace("\\\n", " ")
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            word, rest = line.split(None, 1)
            yield word, rest.strip()


def run(words, **options):
    print("+", shlex.join(str(word) for word in words), flush=True)
    if subprocess.run([str(word) for word in words], **options).returncode != 0:
        raise Failure(f"{shlex.join(str(word) for word in words)} failed")


class Image:
    """The stages of a Dockerfile, each in a folder."""

    def __init__(self, folder, toolchain):
        self.folder, self.toolchain = folder, toolchain
        self.stages, self.root, self.workdir, self.entry = {}, None, "/", None

    def build(self, file):
        for word, rest in instructions(file):
            print(f"--- {word} {rest}", flush=True)
            getattr(self, f"do_{word.lower()}")(rest)

    def do_from(self, rest):
        base, *name = rest.split(" AS ")
        self.root = self.folder / f"stage{len(self.stages)}"
        self.stages[name[0] if name else ""] = self.root
        self.workdir = "/"
        if base == "scratch":
            self.root.mkdir()
            return
        suite = base.rsplit("-", 1)[1]
        run(["debootstrap", "--variant=minbase", f"--include={','.join(TOOLCHAIN_PACKAGES)}",
             suite, self.root, "http://deb.debian.org/debian"], stdout=subprocess.DEVNULL)
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")
        (self.root / "opt/swift").mkdir(parents=True)

    def do_workdir(self, rest):
        self.workdir = rest
        self.inside(rest).mkdir(parents=True, exist_ok=True)

    def do_copy(self, rest):
        *options, source, target = rest.split()
        target = self.inside(os.path.join(self.workdir, target))
        if options:
            stage = self.stages[options[0].removeprefix("--from=")]
            run(["cp", "-a", f"{stage}{source}/.", target])
            return
        excluded = (HERE / "Dockerfile.dockerignore").read_text().split()
        run(["tar", "-C", ROOT / source, *(f"--exclude=./{name}" for name in excluded), "-cf",
             self.folder / "context.tar", "."])
        run(["tar", "-C", target, "-xf", self.folder / "context.tar"])
        for name in ("repositories", "checkouts", "workspace-state.json"):
            if (ROOT / ".build" / name).exists():
                (target / ".build").mkdir(exist_ok=True)
                run(["cp", "-a", ROOT / ".build" / name, target / ".build"])

    def do_run(self, rest):
        mounts = "; ".join([
            f"mount --bind {self.toolchain} {self.root}/opt/swift",
            f"mount --bind /dev {self.root}/dev", f"mount -t proc proc {self.root}/proc"])
        path = "/opt/swift/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        command = f"cd {self.workdir} && {rest}"
        run(["unshare", "-m", "sh", "-ec",
             f"{mounts}; exec chroot {self.root} env PATH={path} HOME=/root sh -ec "
             + shlex.quote(command)])

    def do_entrypoint(self, rest):
        self.entry = eval(rest)[0]

    def inside(self, path):
        return self.root / path.lstrip("/")


def check(file):
    """Whether what the file names is there."""
    for word, rest in instructions(file):
        if not hasattr(Image, f"do_{word.lower()}"):
            raise Failure(f"{word} is no instruction that is known here")
        names = rest.split()
        if word == "COPY" and not names[0].startswith("--from"):
            paths = names[:-1]
        else:
            paths = [name for name in names if word == "RUN" and name.startswith(".ci/")]
        for path in paths:
            if not (ROOT / path).exists():
                raise Failure(f"{word} {rest}: there is no {path}")
    compose = (HERE / "compose.yaml").read_text()
    if f"dockerfile: {file.relative_to(ROOT)}" not in compose:
        raise Failure("compose.yaml builds another file")


def judge(root, entry):
    """What is in the image, and whether it works alone."""
    files = [str(file.relative_to(root)) for file in root.rglob("*") if not file.is_dir()]
    if files != [entry.lstrip("/")]:
        raise Failure(f"the image holds {files} and not just {entry}")
    program = root / entry.lstrip("/")
    headers = subprocess.run(
        ["readelf", "-lW", program], capture_output=True, text=True, check=True).stdout
    if "INTERP" in headers:
        raise Failure("the program is not static: it asks for a loader")
    # An engine gives every container these two.
    for name in ("proc", "dev"):
        (root / name).mkdir()
    enter = [
        "unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), "-m", "sh", "-ec",
        f"mount --rbind /proc {root}/proc; mount --rbind /dev {root}/dev;"
        f" exec chroot {root} {entry} \"$@\"", "sh"]
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = str(listener.getsockname()[1])
    broker = subprocess.Popen([*enter, "broker", "-p", port, "--data", "/data"])
    try:
        time_limit = time.monotonic() + 30
        while subprocess.run(
                [*enter, "pub", "-p", port, "-q", "2", "-r", "story", "told"],
                stderr=subprocess.DEVNULL).returncode != 0:
            if broker.poll() is not None or time.monotonic() > time_limit:
                raise Failure("the broker does not serve in the image")
            time.sleep(0.1)
        run([*enter, "sub", "-p", port, "-q", "2", "story", "--sqlite", "/data/readings.db", "-C",
             "1"], timeout=30)
    finally:
        broker.terminate()
        broker.wait(30)
    rows = subprocess.run(
        ["sqlite3", root / "data/readings.db", "SELECT payload FROM messages"],
        capture_output=True, text=True, check=True).stdout
    if rows != "told\n":
        raise Failure(f"the message became {rows!r} in the database")
    return program.stat().st_size


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", type=pathlib.Path, help="a program that is built already")
    parser.add_argument("--toolchain", default="/opt/swift")
    parser.add_argument("--keep", action="store_true", help="leave the folders")
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mqtt-image-"))
    try:
        check(HERE / "Dockerfile")
        image = Image(folder, options.toolchain)
        if options.program:
            steps = dict(instructions(HERE / "Dockerfile"))
            image.do_from("scratch")
            image.do_entrypoint(steps["ENTRYPOINT"])
            for name in ("bin", "data", "tmp"):
                image.inside(name).mkdir()
            run(["install", "-s", options.program, image.inside(image.entry)])
        else:
            image.build(HERE / "Dockerfile")
        size = judge(image.root, image.entry)
    except Failure as failure:
        print(f"FAILED: {failure}; everything is kept in {folder}")
        return 1
    if not options.keep:
        shutil.rmtree(folder)
    print(f"passed: the image holds one static program of {size / 1e6:.1f} MB, and it works")
    return 0


if __name__ == "__main__":
    sys.exit(main())
