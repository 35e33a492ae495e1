// The lines between the two lists: each joins a product's place in the first stage to its place in the final order.

const SVG = "http://www.w3.org/2000/svg";

/** Draw a line for every product that stands in both lists; `pairs` maps its id to {first, final} list items. */
export function drawLinks(svg, pairs) {
  const frame = svg.getBoundingClientRect();
  const lines = [];
  if (frame.width > 0) {
    for (const [id, { first, final }] of pairs) {
      if (first && final) {
        lines.push(line(id, final.dataset.move, frame.width, middle(first) - frame.top, middle(final) - frame.top));
      }
    }
  }
  svg.replaceChildren(...lines);
}

function line(id, move, width, from, to) {
  const path = document.createElementNS(SVG, "path");
  const bend = width / 2;
  path.setAttribute("d", `M0 ${from.toFixed(1)} C${bend} ${from.toFixed(1)} ${bend} ${to.toFixed(1)} ${width} ${to.toFixed(1)}`);
  path.setAttribute("class", move);
  path.dataset.id = id;
  return path;
}

/** The middle of a product's heading line, so that an opened product keeps its line. */
function middle(item) {
  const { top, height } = item.firstElementChild.getBoundingClientRect();
  return top + height / 2;
}
