// The span editor's text on the page: marks, underlines, overlay, and where a point or a range is.
// Only blocks whose marks changed are drawn again, so that long documents stay fluid.

const BLOCK = 40; // tokens a block
const LANE = 4; // pixels an underline, its gap included

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children)
    made.append(typeof child === "string" ? document.createTextNode(child) : child);
  return made;
}

class TextView {
  constructor() {
    this.body = element("div", {
      class: "bse-text",
      dir: "auto",
      tabindex: "0",
      role: "application",
      "aria-roledescription": "span editor",
    });
    this.overlay = element("div", { class: "bse-overlay", "aria-hidden": "true" });
    this.sheet = element("div", { class: "bse-sheet" }, this.body, this.overlay);
    this.scroller = element("div", { class: "bse-scroll" }, this.sheet);
    this.blocks = [];
  }

  setText(text, units) {
    this.text = text;
    this.units = units;
    this.seen = new Map(); // unit id -> whether its start and its end have been on the screen
    this.blocks = [];
    this.body.textContent = "";
    for (let token = 0; token < Math.max(1, text.tokens); token += BLOCK) {
      const start = token ? text.starts[token] : 0;
      const next = token + BLOCK;
      const end = next < text.tokens ? text.starts[next] : text.length;
      const node = element("span", { class: "bse-block" });
      this.blocks.push({ start, end, node, signature: null, segments: [] });
      this.body.append(node);
    }
  }

  blockAt(offset) {
    let low = 0;
    let high = this.blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.blocks[middle].start <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  // Draw what changed: the mentions, and under them the other layers as thin lines.
  setMarks(mentions, layers, style) {
    const lane = lanes(mentions);
    const depth = Math.max(1, ...lane.map((number) => number + 1));
    const lines = depth + layers.length;
    this.sheet.style.setProperty("--bse-lines", lines);
    const pieces = this.blocks.map(() => []);
    const put = (mention, piece) => {
      mention.fragments.forEach(([start, end], number) => {
        const last = number === mention.fragments.length - 1;
        const one = { ...piece, start, end, last, parts: mention.fragments.length };
        for (let b = this.blockAt(start); b < this.blocks.length && this.blocks[b].start < end; b++)
          pieces[b].push(one);
      });
    };
    mentions.forEach((mention, index) => {
      const { label, status, score } = mention;
      put(mention, { label, status, score, length: endOf(mention) - startOf(mention), line: lane[index] });
    });
    layers.forEach((layer, number) => {
      for (const mention of layer.mentions)
        put(mention, { label: mention.label, layer: layer.name, line: depth + number });
    });
    this.blocks.forEach((block, index) => {
      const signature = JSON.stringify([lines, style.key, pieces[index]]);
      if (signature === block.signature) return;
      block.signature = signature;
      this.drawBlock(block, pieces[index], style, lines);
    });
  }

  drawBlock(block, pieces, style, lines) {
    const cuts = new Set([block.start, block.end]);
    const cut = (offset) => offset > block.start && offset < block.end && cuts.add(offset);
    for (const piece of pieces) {
      cut(piece.start);
      cut(piece.end);
    }
    for (const unit of this.units) {
      cut(unit.start);
      cut(unit.end);
    }
    const order = [...cuts].sort((a, b) => a - b);
    block.segments = [];
    block.node.textContent = "";
    for (let i = 0; i + 1 < order.length; i += 1) {
      const [start, end] = [order[i], order[i + 1]];
      const over = pieces.filter((piece) => piece.start < end && piece.end > start);
      const inside = this.units.some((unit) => unit.start <= start && end <= unit.end);
      const leaf = document.createTextNode(this.text.slice(start, end));
      leaf.bseStart = start;
      block.segments.push({ start, end, leaf });
      block.node.append(over.length || !inside ? this.mark(leaf, over, start, end, inside, style, lines) : leaf);
    }
  }

  mark(leaf, over, start, end, inside, style, lines) {
    const node = element("span", { class: inside ? "bse-mark" : "bse-mark bse-outside" }, leaf);
    const ours = over.filter((piece) => !piece.layer);
    const backgrounds = over.map((piece) => underline(piece, style, lines));
    if (ours.length) {
      const inner = ours.reduce((a, b) => (b.length < a.length ? b : a));
      backgrounds.push(fill(inner, style));
      if (ours.some((piece) => piece.start === start)) node.classList.add("bse-first");
      if (ours.some((piece) => piece.end === end)) node.classList.add("bse-last");
      const names = ours.filter((piece) => piece.end === end).map(chip);
      if (names.length) {
        node.dataset.label = names.join(" · ");
        node.style.setProperty("--c", style.color(inner.label));
      }
    }
    node.style.background = backgrounds.join(", ");
    return node;
  }

  // A page position (text node, UTF-16 offset) of a code point.
  position(offset, after) {
    const block = this.blocks[this.blockAt(after && offset ? offset - 1 : offset)];
    const fits = (one) => (after ? one.start < offset && offset <= one.end : one.start <= offset && offset < one.end);
    const found = block.segments.find(fits) ?? block.segments[after ? 0 : block.segments.length - 1];
    const units = this.text.units;
    return [found.leaf, Math.max(0, Math.min(units[offset] - units[found.start], found.leaf.length))];
  }

  range(start, end) {
    const made = document.createRange();
    made.setStart(...this.position(start, false));
    made.setEnd(...this.position(end, true));
    return made;
  }

  // The boxes of a range, one a line, relative to the sheet.
  boxes(start, end) {
    const origin = this.sheet.getBoundingClientRect();
    const lines = [];
    for (const one of this.range(start, end).getClientRects()) {
      if (one.width <= 0) continue;
      const box = { left: one.left - origin.left, top: one.top - origin.top, right: one.right - origin.left, bottom: one.bottom - origin.top };
      const middle = (box.top + box.bottom) / 2;
      const line = lines.find((other) => other.top <= middle && middle <= other.bottom);
      if (!line) lines.push(box);
      else {
        line.left = Math.min(line.left, box.left);
        line.right = Math.max(line.right, box.right);
        line.top = Math.min(line.top, box.top);
        line.bottom = Math.max(line.bottom, box.bottom);
      }
    }
    return lines;
  }

  // The code point at a point of the window, or null outside the text.
  offsetAt(x, y) {
    let node;
    let unit;
    if (document.caretPositionFromPoint) {
      const found = document.caretPositionFromPoint(x, y);
      [node, unit] = [found?.offsetNode, found?.offset];
    } else {
      const found = document.caretRangeFromPoint(x, y);
      [node, unit] = [found?.startContainer, found?.startOffset];
    }
    if (!node || !this.body.contains(node)) return null;
    while (node.nodeType !== Node.TEXT_NODE) {
      const inner = node.childNodes[Math.min(unit, node.childNodes.length - 1)];
      if (!inner) return null;
      unit = unit >= node.childNodes.length ? Infinity : 0;
      node = inner;
    }
    if (node.bseStart === undefined) return null;
    return node.bseStart + Array.from(node.data.slice(0, Math.min(unit, node.length))).length;
  }

  // The code point whose glyph lies under a point, rather than the nearest gap between two.
  glyphAt(x, y) {
    const offset = this.offsetAt(x, y);
    if (offset === null) return null;
    for (const start of [offset, offset - 1]) {
      if (start < 0 || start >= this.text.length) continue;
      for (const box of this.range(start, start + 1).getClientRects())
        if (box.left <= x && x <= box.right && box.top <= y && y <= box.bottom) return start;
    }
    return Math.min(offset, this.text.length - 1);
  }

  // Note which units have been on the screen: their first and their last line, at one time or another.
  look() {
    const frame = this.scroller.getBoundingClientRect();
    const [top, bottom] = [Math.max(0, frame.top), Math.min(window.innerHeight, frame.bottom)];
    for (const unit of this.units) {
      const seen = this.seen.get(unit.id) ?? { start: false, end: false };
      if (seen.start && seen.end) continue;
      const lines = [...this.range(unit.start, unit.end).getClientRects()].filter((one) => one.height);
      if (!lines.length) continue;
      const isShown = (line) => line.top >= top - 1 && line.bottom <= bottom + 1;
      this.seen.set(unit.id, { start: seen.start || isShown(lines[0]), end: seen.end || isShown(lines.at(-1)) });
    }
  }

  hasSeen(unit) {
    const seen = this.seen.get(unit.id);
    return Boolean(seen?.start && seen.end);
  }

  isRightToLeft(offset) {
    const block = this.blocks[this.blockAt(offset)];
    return /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/.test(this.text.slice(offset, Math.min(offset + 1, block.end)));
  }

  clearOverlay() {
    this.overlay.textContent = "";
  }

  // A bar in the margin beside a sentence says where it stands.
  drawState(unit) {
    const boxes = this.boxes(unit.start, unit.end);
    if (!unit.state || !boxes.length) return;
    const node = element("div", { class: "bse-state", "data-state": unit.state });
    node.style.top = `${boxes[0].top}px`;
    node.style.height = `${boxes.at(-1).bottom - boxes[0].top}px`;
    this.overlay.append(node);
  }

  drawBoxes(start, end, kind) {
    const made = this.boxes(start, end).map((box) => {
      const node = element("div", { class: `bse-box ${kind}` });
      node.style.left = `${box.left}px`;
      node.style.top = `${box.top}px`;
      node.style.width = `${box.right - box.left}px`;
      node.style.height = `${box.bottom - box.top}px`;
      this.overlay.append(node);
      return node;
    });
    return made;
  }
}

function chip(piece) {
  const tail = piece.status === "predicted" ? (piece.score === null ? " ?" : ` ${percent(piece.score)}`) : "";
  return piece.last ? piece.label + tail : `${piece.label}…`;
}

// A part is never written as none, or as all: bioner/figures.py has the same rule.
function percent(score) {
  const whole = Math.round(score * 100);
  if (score > 0 && whole === 0) return "<1%";
  return score < 1 && whole === 100 ? ">99%" : `${whole}%`;
}

function underline(piece, style, lines) {
  const color = `color-mix(in oklab, ${style.color(piece.label)} 85%, var(--st-text-color))`;
  const place = `0 calc(100% - ${(lines - 1 - piece.line) * LANE}px)`;
  if (piece.layer) {
    const dash = piece.layer === "gold" ? "2px, transparent 2px 3px" : "1px, transparent 1px 4px";
    return `repeating-linear-gradient(90deg, ${color} 0 ${dash}) ${place} / 100% 1.5px no-repeat`;
  }
  const dash = piece.status === "predicted" ? "6px, transparent 6px 9px" : "1px";
  return `repeating-linear-gradient(90deg, ${color} 0 ${dash}) ${place} / 100% 2.5px no-repeat`;
}

function fill(piece, style) {
  const strength = piece.status === "predicted" ? 6 + 16 * (piece.score ?? 0.5) : 24;
  const color = `color-mix(in srgb, ${style.color(piece.label)} ${strength}%, transparent)`;
  if (style.covers && !style.covers.has(piece.label))
    return `repeating-linear-gradient(135deg, ${color} 0 3px, transparent 3px 7px)`;
  return `linear-gradient(${color}, ${color})`;
}
