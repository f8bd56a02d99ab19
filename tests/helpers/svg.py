"""Elements of an SVG, and whether its boxes and arrows are apart."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator

SVG = "{http://www.w3.org/2000/svg}"


def of_class(root: ET.Element, name: str) -> Iterator[ET.Element]:
    return (e for e in root.iter() if name in e.get("class", "").split())


def texts(root: ET.Element, name: str) -> list[str]:
    return [e.text or "" for e in of_class(root, name)]


def rect(node: ET.Element) -> tuple[float, float, float, float]:
    """Left, top, width and height."""
    found = node.find(f"{SVG}rect")
    assert found is not None
    x, y, w, h = [float(found.get(key, "")) for key in ("x", "y", "width", "height")]
    return x, y, w, h


def check_boxes_apart(svg: ET.Element, tolerance: float = 0.5) -> None:
    """Every box is inside the picture and covers no other."""
    left, top, width, height = map(float, svg.get("viewBox", "").split())
    places: list[tuple[float, float, float, float]] = []
    for node in of_class(svg, "node"):
        x, y, w, h = rect(node)
        assert left <= x <= left + width - w
        assert top <= y <= top + height - h
        for a, b, c, d in places:
            apart = x + w <= a + tolerance or a + c <= x + tolerance
            assert apart or y + h <= b + tolerance or b + d <= y + tolerance
        places.append((x, y, w, h))


def curves(path: ET.Element) -> Iterator[list[tuple[float, float]]]:
    """The control points of each Bézier curve."""
    for part in path.get("d", "").split("M")[1:]:
        numbers = [float(x) for x in re.findall(r"-?[\d.]+", part)]
        points = list(zip(numbers[::2], numbers[1::2]))
        for start in range(0, len(points) - 1, 3):
            yield points[start : start + 4]


def check_arrows_clear(svg: ET.Element) -> None:
    """No arrow goes through a box."""
    frames = [rect(node) for node in of_class(svg, "node")]
    for path in svg.iter(f"{SVG}path"):
        for points in curves(path):
            for i in range(1, 20):
                t = i / 20
                weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
                px, py = (sum(w * p[k] for w, p in zip(weights, points)) for k in (0, 1))
                for x, y, w, h in frames:
                    inside = x + 3 < px < x + w - 3 and y + 3 < py < y + h - 3
                    assert not inside, (px, py, x, y)
