"""What the documents show is true: C in README.md, docs/*.md and docs/database compiles, commands exist, links lead somewhere.

A ```c block is a piece of a program: it is compiled by itself behind <hoot/hoot.h> and a few headers of libc. What it takes
for granted stands in comments of the Markdown around it, which readers do not see: <!-- before ... --> and <!-- after ... -->.
"""

import re
import subprocess

import pytest

from support import paths

README = (paths.ROOT / "README.md").read_text()
PIECE = re.compile(r"(?:<!-- before\n((?:(?!-->).)*)-->\n)?```c\n(.*?)```(?:\n<!-- after\n(.*?)-->)?", re.DOTALL)
PIECES = [(path.stem, *piece) for path in [paths.ROOT / "README.md", *sorted(paths.ROOT.glob("docs/*.md")),
                                                 *sorted(paths.ROOT.glob("docs/database/*.md"))]
          for piece in PIECE.findall(path.read_text())]
DOCUMENTS = sorted(path for pattern in ("*.md", "docs/**/*.md") for path in paths.ROOT.glob(pattern))
PRELUDE = "#include <hoot/hoot.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"


def test_readme_shows_code():
    assert len([document for document, *_ in PIECES if document == "README"]) >= 3


@pytest.mark.parametrize("document, before, code, after", PIECES,
                         ids=[document + "-" + re.sub(r"\W+", "_", code.split("(")[0]) for document, _, code, _ in PIECES])
def test_code_in_documents_compiles(document, before, code, after):
    # Pieces define static functions that only a whole program would use; fields that are left out are zero.
    command = ["gcc", "-std=gnu17", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Wno-unused-function",
               "-Wno-missing-field-initializers", f"-I{paths.ROOT}/include", "-x", "c", "-"]
    done = subprocess.run(command, input=PRELUDE + before + code + after, text=True, capture_output=True)
    assert done.returncode == 0, f"{done.stderr}\n{code}"


def test_commands_in_readme_exist():
    listed = subprocess.run([paths.ROOT / "dev", "help"], check=True, text=True, capture_output=True).stdout
    shown = set(re.findall(r"\./dev (\w+)", README))
    assert shown and shown <= set(re.findall(r"^\./dev (\w+)", listed, re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS, ids=[str(path.relative_to(paths.ROOT)) for path in DOCUMENTS])
def test_links_lead_somewhere(document):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text()):
        assert (document.parent / target).exists(), f"{document.name} links to {target}, which is not there"


def test_tests_that_the_list_of_cases_names_exist():
    """Each line names a test, or says why there is none."""
    sources = {path.name: path.read_text() for path in (paths.ROOT / "tests").glob("**/*") if path.suffix in (".c", ".h", ".py")}
    everything = "".join(sources.values())
    lines = re.findall(r"^\| (\d+) [^|]*\|(.*)\|$", (paths.ROOT / "docs/internals/mysql-cases.md").read_text(), re.MULTILINE)
    assert [int(number) for number, _ in lines] == list(range(1, 127))
    for number, text in lines:
        for name in re.findall(r"`([a-z_0-9.]+)`", text):
            known = name in sources if name.endswith((".c", ".py")) else re.search(rf"\b{re.escape(name)}\b", everything)
            assert known, f"{number}: {name}"
        assert len(text) > 5
