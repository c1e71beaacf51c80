"""Lists every mutant that slither's mutators can make of the contracts that are deployed, one JSON object per line.

Run by mutants.mjs with slither's own Python; reads the syntax trees that ast.mjs left. A mutant is a piece of a source
file, in bytes, and what takes its place. The order is that of the sources, so it is the same on every machine; which of
them are tried is not decided here, and neither is whether they compile.
"""

import hashlib
import json
import re
from pathlib import Path

from slither import Slither
from slither.tools.mutator.mutators import all_mutators

# A number that was 256 bits wide in the stack and is 128 there is the same program wherever its checks bound it lower, which
# they do: nothing here is worth more than 64 bits.
WIDTHS = re.compile(r"int256")

MUTATORS = sorted(
    (kind for kind in vars(all_mutators).values() if isinstance(kind, type) and getattr(kind, "NAME", "")),
    key=lambda kind: kind.NAME,
)


def piece(kind, patch, content):
    """What is replaced, and by what. Some mutators give the place of an expression and the text of the statement around it;
    then the statement is meant. MIA is the other way round: it means the expression."""
    start, end, new = patch["start"], patch["end"], patch["new_string"]
    read = patch["old_string"].encode()
    if content[start:end] == read:
        return start, end, new
    if kind.NAME == "MIA":
        return start, end, new.replace(patch["old_string"], content[start:end].decode())
    at = content.rfind(read, 0, start + len(read))
    return (at, at + len(read), new) if at != -1 and at <= start < at + len(read) else (start, end, new)


def functions_of(contract):
    """Where each function and modifier of the contract lies in its file: first byte, end, name."""
    declared = contract.functions_and_modifiers_declared
    return [
        (f.source_mapping.start, f.source_mapping.start + f.source_mapping.length, f.name)
        for f in declared
        if not f.is_constructor_variables
    ]


class Part:
    """A contract or a function with some of its attributes narrowed. Several mutators stop at the first operator that is not
    written in the source (a constant, an inline assembly); narrowed to one node, what they lose is that node."""

    def __init__(self, whole, **narrowed):
        self.__dict__.update(narrowed, whole=whole)

    def __getattr__(self, name):
        return getattr(self.whole, name)


def parts_of(contract):
    yield Part(contract, functions_and_modifiers_declared=[])
    for function in contract.functions_and_modifiers_declared:
        only = {"state_variables_declared": []}
        yield Part(contract, functions_and_modifiers_declared=[Part(function, nodes=[])], **only)
        for node in function.nodes:
            bare = Part(function, nodes=[node], local_variables=[])
            yield Part(contract, functions_and_modifiers_declared=[bare], **only)


def patches_of(kind, unit, contract, root):
    """What one mutator makes of the contract."""
    for part in parts_of(contract):
        try:
            found = kind(unit, 0, "", "", part, None, False, root, [])._mutate()
        except (IndexError, AttributeError):
            continue
        yield from found.get("patches", {}).items()


def function_at(functions, start):
    """None for a declaration outside: all that these set is constant, and of a constant only the type would change."""
    names = [name for begin, end, name in functions if begin <= start < end]
    return names[0] if names else None


def main():
    root = Path.cwd()
    slither = Slither(".", ignore_compile=True, foundry_out_directory="out/ast")
    seen = set()
    for unit in slither.compilation_units:
        for contract in sorted(unit.contracts, key=lambda c: (c.source_mapping.filename.absolute, c.source_mapping.start)):
            if contract.is_interface:
                continue
            functions = functions_of(contract)
            for kind in MUTATORS:
                for file, found in patches_of(kind, unit, contract, root):
                    path = str(Path(file).relative_to(root))
                    content = Path(file).read_bytes()
                    for patch in found:
                        start, end, new = piece(kind, patch, content)
                        old = content[start:end].decode()
                        if (path, start, end, new) in seen or old == new:
                            continue
                        seen.add((path, start, end, new))
                        function = function_at(functions, start)
                        if function is None or new == WIDTHS.sub("int128", old):
                            continue
                        # Which of equal pieces of one function it is: so an id outlives changes elsewhere in the file.
                        begin = max((b for b, e, _ in functions if b <= start < e), default=0)
                        nth = content[begin:start].count(content[start:end])
                        name = "\0".join([path, function, kind.NAME, old, new, str(nth)])
                        print(
                            json.dumps(
                                {
                                    "id": hashlib.sha256(name.encode()).hexdigest()[:10],
                                    "file": path,
                                    "contract": contract.name,
                                    "function": function,
                                    "mutator": kind.NAME,
                                    "line": patch["line_number"],
                                    "start": start,
                                    "end": end,
                                    "old": old,
                                    "new": new,
                                }
                            )
                        )


main()
