// The span editor's values without a page: code points, tokens, operations, undo, occurrences.
// Offsets are half-open code points. Python's bioner.review.operations has the same rules.

class Text {
  constructor(text, tokens) {
    this.text = text;
    const units = [0];
    for (const point of Array.from(text)) units.push(units[units.length - 1] + point.length);
    this.units = units; // code point -> UTF-16 unit
    this.length = units.length - 1;
    this.starts = [];
    this.ends = [];
    for (let i = 0; i + 1 < tokens.length; i += 2) {
      this.starts.push(tokens[i]);
      this.ends.push(tokens[i + 1]);
    }
  }

  slice(start, end) {
    return this.text.slice(this.units[start], this.units[end]);
  }

  get tokens() {
    return this.starts.length;
  }

  // The token at a code point; between two tokens, the next one (the last one at the end).
  tokenAt(offset) {
    let low = 0;
    let high = this.ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.ends[middle] > offset) high = middle;
      else low = middle + 1;
    }
    return Math.min(low, this.ends.length - 1);
  }

  // The tokens that a range touches, or null where it touches none.
  tokensIn(start, end) {
    if (!this.tokens) return null;
    const first = this.tokenAt(start);
    if (this.ends[first] <= start) return null;
    if (this.starts[first] >= end) return null;
    let last = this.tokenAt(end - 1);
    if (this.starts[last] >= end) last -= 1;
    return [first, last];
  }

  // A range widened to whole tokens; null where it touches none.
  snap(start, end) {
    const found = this.tokensIn(start, end);
    return found && [this.starts[found[0]], this.ends[found[1]]];
  }

  // The next edge of a character as a reader sees it, so that no accent or emoji is cut in two.
  edge(offset, step) {
    if (step < 0 && offset <= 0) return 0;
    if (step > 0 && offset >= this.length) return this.length;
    const low = Math.max(0, offset - 40);
    const high = Math.min(this.length, offset + 40);
    const edges = [];
    let point = low;
    for (const { segment } of graphemes.segment(this.slice(low, high))) {
      edges.push(point);
      point += Array.from(segment).length;
    }
    edges.push(high);
    if (step > 0) return edges.find((edge) => edge > offset) ?? this.length;
    return edges.findLast((edge) => edge < offset) ?? 0;
  }

  // Every range with this surface: whole tokens where the surface is whole tokens.
  occurrences(start, end) {
    const surface = this.slice(start, end);
    const length = end - start;
    const found = [];
    const snapped = this.snap(start, end);
    if (snapped && snapped[0] === start && snapped[1] === end) {
      const ends = new Set(this.ends);
      for (const from of this.starts) {
        if (ends.has(from + length) && this.text.startsWith(surface, this.units[from]))
          found.push([from, from + length]);
      }
      return found;
    }
    for (let from = 0; from + length <= this.length; from += 1) {
      if (!this.text.startsWith(surface, this.units[from])) continue;
      found.push([from, from + length]);
      from += length - 1;
    }
    return found;
  }
}

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

function startOf(mention) {
  return mention.fragments[0][0];
}

function endOf(mention) {
  return mention.fragments[mention.fragments.length - 1][1];
}

function identity(mention) {
  return JSON.stringify([mention.fragments, mention.label, mention.id || ""]);
}

function surfaceOf(text, mention) {
  return mention.fragments.map(([start, end]) => text.slice(start, end)).join(" ");
}

function compareMentions(a, b) {
  return (
    startOf(a) - startOf(b) ||
    endOf(b) - endOf(a) ||
    (a.label < b.label ? -1 : a.label > b.label ? 1 : 0) ||
    (identity(a) < identity(b) ? -1 : identity(a) > identity(b) ? 1 : 0)
  );
}

// The mentions after an operation, or null where something that it removes is not there.
function applyOperation(mentions, operation) {
  const rest = mentions.slice();
  for (const removed of operation.removed) {
    const whole = JSON.stringify(removed);
    const wanted = identity(removed);
    let index = rest.findIndex((one) => JSON.stringify(one) === whole);
    if (index < 0) index = rest.findIndex((one) => identity(one) === wanted);
    if (index < 0) return null;
    rest.splice(index, 1);
  }
  rest.push(...operation.added);
  return rest.sort(compareMentions);
}

// What can be undone and redone after an operation, from what could be before it.
function foldHistory(history, operation) {
  const { undo, redo } = history;
  if (operation.kind === "undo") {
    if (undo.length) redo.push(undo.pop());
  } else if (operation.kind === "redo") {
    if (redo.length) undo.push(redo.pop());
  } else {
    undo.push({ removed: operation.removed, added: operation.added, units: unitsOf(operation) });
    redo.length = 0;
  }
}

function unitsOf(operation) {
  return (operation.units ?? []).map((unit) => unit.id);
}

// What else a mention might be; as spans.rivals in Python: alternatives that stand above the type
// that was named were saved on another scale, so no number of them is told (0: not known).
function rivals(mention) {
  const { score, alternatives } = mention;
  if (score === null || alternatives.every((one) => one.score <= score)) return alternatives;
  return alternatives.map((one) => ({ ...one, score: 0 }));
}

// A line number (0 nearest the text) for each mention, so that overlapping ones keep apart:
// the shorter of two is nearer.
function lanes(mentions) {
  const result = new Array(mentions.length).fill(0);
  const order = mentions
    .map((mention, index) => ({ index, start: startOf(mention), end: endOf(mention) }))
    .sort((a, b) => a.start - b.start);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    let reach = order[from].end;
    while (to < order.length && order[to].start < reach) reach = Math.max(reach, order[to++].end);
    if (to - from > 1) spread(order.slice(from, to), result);
    from = to;
  }
  return result;
}

function spread(cluster, result) {
  const taken = [];
  cluster.sort((a, b) => a.end - a.start - (b.end - b.start) || a.start - b.start);
  for (const one of cluster) {
    let lane = 0;
    while ((taken[lane] ??= []).some((other) => other.start < one.end && one.start < other.end))
      lane += 1;
    taken[lane].push(one);
    result[one.index] = lane;
  }
}
