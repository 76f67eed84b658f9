"""What the measuring scripts share: runs in turn, tables, parts of a page between markers, a plot."""

import math
import os
import re
import statistics
import sys
import time


WARM = 0.01  # seconds


def cpu_name():
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            return re.search(r"^model name\s*: (.*)$", file.read(), re.M).group(1)
    except (OSError, AttributeError):
        return "unknown CPU"


def in_turn(runs, rounds, repeat=1, pause=0.01):
    """Milliseconds of each run, in turn, the order rotated from round to round; `repeat` calls are timed together."""
    times = [[] for _ in runs]
    for run in runs:
        run()
    for number in range(rounds):
        for k in range(len(runs)):
            which = (number + k) % len(runs)
            # The threads of the one before may still be spinning for work, and its own may wake on the caller's core first.
            time.sleep(pause)
            warm = time.perf_counter() + WARM
            runs[which]()
            while time.perf_counter() < warm:
                runs[which]()
            begin = time.perf_counter()
            for _ in range(repeat):
                runs[which]()
            times[which].append((time.perf_counter() - begin) * 1e3 / repeat)
    return times


def ratios(slow, fast):
    """Of two lists of times taken in turn: smallest by smallest, and the median of the rounds' ratios."""
    return min(slow) / min(fast), statistics.median(a / b for a, b in zip(slow, fast))


def table(columns, rows):
    """A Markdown table; the first column is text, the others are right-aligned."""
    lines = ["| " + " | ".join(columns) + " |", "|---|" + "--:|" * (len(columns) - 1)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def write_part(path, name, text):
    """Puts text into a page between the lines that mark the part's beginning and end."""
    begin_marker, end_marker = f"<!-- BEGIN {name} -->\n", f"<!-- END {name} -->\n"
    with open(path, encoding="utf-8") as file:
        page = file.read()
    begin, end = page.find(begin_marker), page.find(end_marker)
    if begin < 0 or end < begin:
        sys.exit(f"{path}: expected the lines {begin_marker.strip()} and {end_marker.strip()}")
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(page[:begin + len(begin_marker)] + text + page[end:])
    os.replace(path + ".new", path)


def exponent(lengths, times):
    """p of the fit time = c length^p by least squares of logarithms."""
    x, y = [math.log(n) for n in lengths], [math.log(t) for t in times]
    mean_x, mean_y = statistics.mean(x), statistics.mean(y)
    return sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y)) / sum((a - mean_x) ** 2 for a in x)


COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd")


def plot(path, title, series, x_title, y_title):
    """An SVG of lines over logarithmic axes; `series` is a list of (name, x, y), x powers of two."""
    width, height, left, right, top, bottom = 720, 440, 80, 190, 40, 50
    all_x, all_y = ([v for entry in series for v in entry[i]] for i in (1, 2))
    low_x, high_x = math.floor(math.log2(min(all_x))), math.ceil(math.log2(max(all_x)))
    low_y, high_y = math.floor(math.log10(min(all_y))), math.ceil(math.log10(max(all_y)))

    def place(x, y):
        return (left + (math.log2(x) - low_x) / (high_x - low_x) * (width - left - right),
                height - bottom - (math.log10(y) - low_y) / (high_y - low_y) * (height - top - bottom))

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
             f'<rect width="{width}" height="{height}" fill="white"/>',
             f'<text x="{left}" y="22" font-size="14">{title}</text>']
    for power in range(low_x, high_x + 1):
        x, y = place(2.0 ** power, 10.0 ** low_y)
        parts.append(f'<path d="M{x:.1f} {top}V{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{x:.1f}" y="{y + 18:.1f}" text-anchor="middle">{2 ** power}</text>')
    for power in range(low_y, high_y + 1):
        x, y = place(2.0 ** low_x, 10.0 ** power)
        parts.append(f'<path d="M{x:.1f} {y:.1f}H{width - right}" stroke="#ddd"/>')
        parts.append(f'<text x="{x - 8:.1f}" y="{y + 4:.1f}" text-anchor="end">{10.0 ** power:g}</text>')
    for number, (name, xs, ys) in enumerate(series):
        colour = COLOURS[number % len(COLOURS)]
        points = [place(x, y) for x, y in zip(xs, ys)]
        parts.append(f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}" fill="none" stroke="{colour}" '
                     'stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in points]
        y = top + 16 + 20 * number
        parts.append(f'<path d="M{width - right + 12} {y - 4}h18" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="{width - right + 36}" y="{y}">{name}</text>')
    parts.append(f'<text x="{(left + width - right) / 2}" y="{height - 10}" text-anchor="middle">{x_title}</text>')
    parts.append(f'<text transform="translate(20 {(top + height - bottom) / 2}) rotate(-90)" text-anchor="middle">{y_title}</text>')
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(parts) + "\n</svg>\n")
