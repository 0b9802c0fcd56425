"""
Compile and run the program that each man page of libkess shows.

Run: python csrc/tools/man_examples.py MAN_FOLDER LIBRARY [--cc CC]

The programs are taken from the pages as a reader would copy them. The first comment of
each says how it is called, in lines that begin with "$", and what it prints ("..."
stands for what differs from machine to machine). The inputs come from the openssl
command, which also says what the files that a program writes should hold. A page
without a program, and a program without such a line, are faults.
"""

from __future__ import annotations

import argparse
import base64
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final


INCLUDE: Final = Path(__file__).resolve().parents[1] / "include"
FLAGS: Final = ("-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror")
FORM: Final = b'{"amount":0.5,"id":"T-1"}'


class Fault(Exception):
    """A page does not keep its promise."""


# ------------------------------------------------------------------- pages


def page_of(folder: Path, name: str) -> str:
    """Return a page, or the one that it stands for."""
    text = (folder / f"{name}.3").read_text(encoding="ascii")
    link = re.fullmatch(r"\.so man3/(\w+)\.3\n", text)
    return page_of(folder, link[1]) if link else text


def shown(page: str) -> list[str]:
    """Return the programs under EXAMPLES, as a terminal would show them."""
    examples = page.partition("\n.SH EXAMPLES\n")[2].partition("\n.SH ")[0]
    found = re.findall(r"^\.EX\n(.*?)^\.EE$", examples, re.DOTALL | re.MULTILINE)
    marks = {"\\&": "", "\\(aq": "'", "\\-": "-", "\\e": "\\"}
    return [
        re.sub(r"\\(?:&|\(aq|-|e)", lambda mark: marks[mark[0]], text) for text in found
    ]


def calls_of(program: str) -> list[tuple[str, list[str]]]:
    """Return the command lines in the first comment, each with its output."""
    calls: list[tuple[str, list[str]]] = []
    for line in program.partition("*/")[0].splitlines():
        text = line.removeprefix(" *     ")
        if text == line:
            continue
        if text.startswith("$ "):
            calls.append((text[2:], []))
        elif calls:
            calls[-1][1].append(text)
    return calls


# ------------------------------------------------------------------- inputs


def openssl(folder: Path, words: str, stdin: bytes | None = None) -> bytes:
    """Run the openssl command in a folder."""
    done = subprocess.run(  # noqa: S603 - words of this file
        ["openssl", *words.split()],  # noqa: S607 - of the PATH, as a reader has it
        cwd=folder,
        input=stdin,
        capture_output=True,
        check=True,
    )
    return done.stdout


def make_inputs(folder: Path) -> dict[str, bytes]:
    """Write what programs read; return what those should hold that they write."""
    openssl(folder, "genrsa -out private.pem 2048")
    openssl(folder, "rsa -in private.pem -pubout -out public.pem")
    openssl(
        folder, "req -x509 -key private.pem -subj /CN=kess -days 9 -out certificate.pem"
    )
    openssl(folder, "genpkey -algorithm ed25519 -out ed25519.pem")
    openssl(folder, "pkey -in ed25519.pem -pubout -out ed25519.pub.pem")
    openssl(
        folder,
        "pkcs12 -export -inkey private.pem -in certificate.pem -out store.p12 "
        "-passout pass:secret",
    )
    sign = base64.b64encode(openssl(folder, "dgst -sha256 -sign private.pem", FORM))
    body = FORM[:-1] + b',"sign_type":"RSA2","sign":"' + sign.replace(b"/", b"\\/")
    body += b'"}'
    inputs = {
        "password": b"secret\n",
        "parameters.json": b'{"id": "T-1", "amount": 0.50}',
        "body.json": body,
        "bodies.jsonl": body + b"\n",
    }
    for name, data in inputs.items():
        (folder / name).write_bytes(data)
    der = openssl(folder, "pkey -pubin -in public.pem -outform DER")
    return {"body.json": body, "sign.base64": sign + b"\n", "public.der": der}


# ------------------------------------------------------------------- programs


def compile_one(program: str, target: Path, library: Path, compiler: str) -> None:
    """Compile without a warning."""
    source = target.with_suffix(".c")
    source.write_text(program, encoding="ascii")
    command = [compiler, *FLAGS, f"-I{INCLUDE}", str(source), "-o", str(target)]
    command += [str(library), f"-Wl,-rpath,{library.parent}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a compiler
    if done.returncode:
        raise Fault(f"it does not compile:\n{done.stderr}")


def run_one(program: str, folder: Path, expected: dict[str, bytes]) -> None:
    """Call the program as it says, in a folder with the inputs."""
    for call, lines in calls_of(program):
        done = subprocess.run(  # noqa: S603 - a line of our own page
            ["/bin/sh", "-c", f"PATH=.:$PATH; {call}"],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode or done.stderr:
            raise Fault(f"{call}: {done.returncode}, {done.stderr}")
        pattern = "\n".join(lines)
        if not re.fullmatch(
            re.escape(pattern).replace(r"\.\.\.", ".+"), done.stdout.rstrip("\n")
        ):
            raise Fault(f"{call} prints\n{done.stdout}and not\n{pattern}")
        written = re.search(r"> (\S+)$", call)
        if written and (folder / written[1]).read_bytes() != expected[written[1]]:
            raise Fault(f"{call} writes something else than openssl")


def name_of(program: str) -> str:
    """Return the name that the first comment calls the program by."""
    for call, _ in calls_of(program):
        if found := re.search(r"\bexample_\w+", call):
            return found[0]
    raise Fault('no line with "$" in its first comment says how it is called')


def check(folder: Path, library: Path, compiler: str) -> list[str]:
    """Return what is wrong with the pages of a folder."""
    faults = []
    pages = sorted(path.stem for path in folder.glob("*.3"))
    tried: dict[str, str] = {}
    with TemporaryDirectory() as place:
        inputs = Path(place, "inputs")
        inputs.mkdir()
        expected = make_inputs(inputs)
        for name in pages:
            programs = shown(page_of(folder, name))
            if not programs:
                faults.append(f"{name}(3) shows no program")
            for program in programs:
                if program not in tried:
                    work = Path(place, str(len(tried)))
                    shutil.copytree(inputs, work)
                    tried[program] = ""
                    try:
                        target = work / name_of(program)
                        compile_one(program, target, library, compiler)
                        run_one(program, work, expected)
                    except Fault as fault:
                        tried[program] = str(fault)
                if tried[program]:
                    faults.append(f"{name}(3): {tried[program]}")
    if not pages:
        faults.append(f"{folder} has no pages")
    print(f"{len(pages)} pages, {len(tried)} programs")
    return faults


def main() -> int:
    """Check, and complain."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("library", type=Path)
    parser.add_argument("--cc", default="cc")
    asked = parser.parse_args()
    faults = check(asked.folder, asked.library.resolve(), asked.cc)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
