#!/usr/bin/env python3
"""cast.py [--check] HMM: record `hmm demo --auto` in a terminal of 80 x 24 as docs/pictures/demo.cast (asciinema v2), and make an animated
picture of it, docs/pictures/demo.svg: each step stays for as long as its text takes to read. --check: is the cast of today's program?"""
import html
import json
import os
import pty
import re
import sys

COLUMNS, LINES = 80, 24
PICTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "docs", "pictures")
NO_BREAK_SPACE = "\u00a0"  # which no picture viewer swallows
COLOURS = {"32": "#3fb950", "44": "#58a6ff"}


def record(program):
    """What the program writes to a terminal."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm", COLUMNS=str(COLUMNS), LINES=str(LINES))
        os.execv(program, ["hmm", "demo", "--auto"])
    os.write(terminal, b"\x04")  # nothing to say after the tour
    output = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # Linux: the other end is closed
            break
        if not piece:
            break
        output += piece
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0:
        sys.exit(f"cast.py: {program} demo failed")
    return re.sub(r"\^D(\x08\x08)?", "", output.decode())


def steps_of(output):
    """The output, cut where a call has been answered; the first two together."""
    pieces = output.split("\r\n\r\n")
    return [piece + "\r\n\r\n" for piece in ["\r\n\r\n".join(pieces[:2])] + pieces[2:]]


def seconds_for(step):
    return round(1.2 + len(re.sub(r"\x1b\[[0-9;]*m", "", step).split()) * 0.11, 1)


def cast_of(steps):
    lines = [json.dumps({"version": 2, "width": COLUMNS, "height": LINES, "title": "hmm demo"})]
    at = 0.3
    for step in steps:
        lines.append(json.dumps([round(at, 1), "o", step]))
        at += seconds_for(step)
    return "\n".join(lines) + "\n"


def spans(line):
    """A line of the terminal as SVG: bold white, or a colour, as it was said."""
    made, style = "", ""
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if part.startswith("\x1b"):
            codes = part[2:-1].split(";")
            colour = next((COLOURS[code] for code in codes if code in COLOURS), None)
            style = f' fill="{colour}"' if colour else ""
            style += ' font-weight="bold"' if "1" in codes else ""
        elif part:
            text = html.escape(part, quote=False).replace(" ", NO_BREAK_SPACE)
            made += f"<tspan{style}>{text}</tspan>"
    return made


def picture_of(steps):
    width, height, line_height = 700, 16 + LINES * 17, 17
    total = sum(seconds_for(step) for step in steps)
    made = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">',
        "<title>hmm demo: a small heap, step by step</title>",
        f'<rect width="{width}" height="{height}" rx="8" fill="#0d1117"/>',
        '<g font-family="ui-monospace,Menlo,Consolas,DejaVu Sans Mono,monospace" font-size="14" fill="#c9d1d9">',
    ]
    shown, at = "", 0.0
    for n, step in enumerate(steps):
        shown += step
        lines = shown.split("\r\n")[-LINES:]
        begin, end = at / total, (at + seconds_for(step)) / total
        at += seconds_for(step)
        values, times = ("hidden;visible;hidden", f"0;{begin:.4f};{end:.4f}") if n else ("visible;hidden", f"0;{end:.4f}")
        made.append(f'<g visibility="{"hidden" if n else "visible"}"><animate attributeName="visibility" calcMode="discrete" dur="{total:.1f}s" repeatCount="indefinite" values="{values}" keyTimes="{times}"/>')
        for i, line in enumerate(lines):
            if line.strip():
                made.append(f'<text x="12" y="{22 + i * line_height}" textLength="{len(re.sub(chr(27) + "[^m]*m", "", line)) * 8.4:.0f}" lengthAdjust="spacingAndGlyphs">{spans(line)}</text>')
        made.append("</g>")
    return "\n".join(made + ["</g>", "</svg>"]) + "\n"


def without_addresses(text):
    return re.sub(r"0x[0-9a-f]+", "0x", text)


def main(arguments):
    check = arguments[:1] == ["--check"]
    program = arguments[-1] if len(arguments) == 1 + check else sys.exit(__doc__)
    steps = steps_of(record(os.path.abspath(program)))
    cast, picture = os.path.join(PICTURES, "demo.cast"), os.path.join(PICTURES, "demo.svg")
    if check:
        with open(cast, encoding="utf-8") as f, open(picture, encoding="utf-8") as g:
            recorded, drawn = f.read(), g.read()
        old_steps = [json.loads(line)[2] for line in recorded.splitlines()[1:]]
        if without_addresses("".join(old_steps)) != without_addresses("".join(steps)) or drawn != picture_of(old_steps):
            sys.exit("cast.py: docs/pictures/demo.cast and demo.svg are not of today's hmm demo: run tools/cast.py build/hmm")
        return
    with open(cast, "w", encoding="utf-8") as f:
        f.write(cast_of(steps))
    with open(picture, "w", encoding="utf-8") as f:
        f.write(picture_of(steps))


main(sys.argv[1:])
