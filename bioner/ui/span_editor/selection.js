// What is selected: a range of the text, by words or characters, and the mention at work.

class Selection {
  constructor(editor) {
    this.editor = editor;
    this.clear();
  }

  clear() {
    this.sel = null; // {anchor: [start, end], focus: [start, end]}
    this.active = null; // identity of the selected mention
  }

  range() {
    if (!this.sel) return null;
    const { anchor, focus } = this.sel;
    return [Math.min(anchor[0], focus[0]), Math.max(anchor[1], focus[1])];
  }

  mention() {
    return this.editor.edits.mentions.find((one) => identity(one) === this.active) ?? null;
  }

  set(range, { active = null, extend = null } = {}) {
    this.editor.edits.preview = null;
    this.sel = { anchor: extend ?? range, focus: range };
    this.active = active && identity(active);
  }

  selectToken(token) {
    const range = [this.editor.text.starts[token], this.editor.text.ends[token]];
    this.set(range, { active: this.innermost(range[0], range[1]) });
  }

  selectMention(mention) {
    this.set([startOf(mention), endOf(mention)], { active: mention });
  }

  // Mentions that touch a range, the shortest first.
  touching(start, end) {
    return this.editor.edits.mentions
      .filter((one) => one.fragments.some(([from, to]) => from < end && start < to))
      .sort((a, b) => endOf(a) - startOf(a) - (endOf(b) - startOf(b)));
  }

  innermost(start, end) {
    return this.touching(start, end)[0] ?? null;
  }

  exactly(start, end) {
    return this.editor.edits.mentions.find((one) => one.fragments.length === 1 && startOf(one) === start && endOf(one) === end) ?? null;
  }

  arrow(sign, { shift, alt, control }) {
    const mention = this.mention();
    const range = this.range();
    if (!range) {
      if (this.editor.text.tokens) this.selectToken(sign > 0 ? 0 : this.editor.text.tokens - 1);
      return this.editor.draw();
    }
    const at = sign > 0 ? range[1] - 1 : range[0];
    const step = this.editor.view.isRightToLeft(at) ? -sign : sign;
    if (shift && (mention || alt || control)) {
      const [start, end] = mention ? [startOf(mention), endOf(mention)] : range;
      const moved = control ? [this.nextEdge(start, step, alt, "starts"), end] : [start, this.nextEdge(end, step, alt, "ends")];
      if (!(moved[0] < moved[1])) return this.editor.say("A mention keeps at least one word or character", "");
      if (mention) return this.editor.edits.resize(mention, ...moved);
      this.set(moved);
      this.active = this.exactly(...moved) && identity(this.exactly(...moved));
    } else if (alt) {
      const start = Math.min(this.editor.text.edge(range[0], step), this.editor.text.edge(this.editor.text.length, -1));
      this.set([start, this.editor.text.edge(start, 1)]);
      this.active = null;
    } else {
      this.moveToken(step, shift);
    }
    this.editor.say(this.describe(), "");
    this.editor.draw();
  }

  nextEdge(offset, step, exact, side) {
    if (exact) return this.editor.text.edge(offset, step);
    const edges = this.editor.text[side];
    if (step > 0) return edges.find((one) => one > offset) ?? offset;
    return edges.findLast((one) => one < offset) ?? offset;
  }

  moveToken(step, extend) {
    const { focus, anchor } = this.sel;
    let token = this.editor.text.tokenAt(step > 0 ? focus[1] - 1 : focus[0]);
    const isInside = this.editor.text.starts[token] < focus[1] || step < 0;
    token = Math.max(0, Math.min(this.editor.text.tokens - 1, token + (isInside ? step : 0)));
    this.goTo(token, extend ? anchor : null);
  }

  goTo(token, anchor) {
    const range = [this.editor.text.starts[token], this.editor.text.ends[token]];
    if (!anchor) return this.selectToken(token);
    this.set(range, { extend: anchor });
    const found = this.exactly(...this.range());
    this.active = found && identity(found);
  }

  moveLine(sign, extend) {
    const range = this.range();
    if (!range) return this.arrow(sign, {});
    const token = this.editor.text.tokenAt(this.sel.focus[0]);
    const box = this.editor.view.boxes(this.editor.text.starts[token], this.editor.text.ends[token])[0];
    if (!box) return undefined;
    const middle = (box.left + box.right) / 2;
    let best = null;
    let line = null;
    for (let next = token + sign; next >= 0 && next < this.editor.text.tokens; next += sign) {
      const there = this.editor.view.boxes(this.editor.text.starts[next], this.editor.text.ends[next])[0];
      if (!there) continue;
      const height = (there.top + there.bottom) / 2;
      if (sign > 0 ? height <= box.bottom : height >= box.top) continue;
      if (line !== null && Math.abs(there.top - line) > 8) break;
      line = there.top;
      const distance = Math.max(there.left - middle, middle - there.right, 0);
      if (best === null || distance < best.distance) best = { token: next, distance };
    }
    if (best) this.goTo(best.token, extend ? this.sel.anchor : null);
    this.editor.say(this.describe(), "");
    this.editor.draw();
    return undefined;
  }

  moveEnd(sign, whole, extend) {
    if (!this.editor.text.tokens) return;
    let token = this.range() ? this.editor.text.tokenAt(this.sel.focus[0]) : 0;
    if (whole) {
      token = sign < 0 ? 0 : this.editor.text.tokens - 1;
    } else {
      const top = (one) => this.editor.view.boxes(this.editor.text.starts[one], this.editor.text.ends[one])[0]?.top ?? 0;
      const here = top(token);
      while (token + sign >= 0 && token + sign < this.editor.text.tokens && Math.abs(top(token + sign) - here) < 8) token += sign;
    }
    this.goTo(token, extend && this.sel ? this.sel.anchor : null);
    this.editor.say(this.describe(), "");
    this.editor.draw();
  }

  neighbour(sign) {
    if (!this.editor.edits.mentions.length) return this.editor.say("There are no mentions", "");
    const index = this.editor.edits.mentions.findIndex((one) => identity(one) === this.active);
    const range = this.range();
    let next;
    if (index >= 0) next = (index + sign + this.editor.edits.mentions.length) % this.editor.edits.mentions.length;
    else if (!range) next = sign > 0 ? 0 : this.editor.edits.mentions.length - 1;
    else if (sign > 0) next = Math.max(0, this.editor.edits.mentions.findIndex((one) => startOf(one) >= range[0]));
    else next = (this.editor.edits.mentions.findLastIndex((one) => startOf(one) < range[0]) + this.editor.edits.mentions.length) % this.editor.edits.mentions.length;
    this.selectMention(this.editor.edits.mentions[next]);
    this.editor.say(this.describe(), "");
    this.editor.draw();
  }

  cycle() {
    const range = this.range();
    const found = range ? this.touching(...range) : [];
    if (!found.length) return this.editor.say("No mention here", "");
    const index = found.findIndex((one) => identity(one) === this.active);
    const next = found[(index + 1) % found.length];
    this.active = identity(next);
    this.editor.say(this.describe(), "");
    this.editor.draw();
  }

  describe() {
    const mention = this.mention();
    if (mention) {
      const parts = [describe(this.editor.text, mention), mention.status === "predicted" ? "predicted" : mention.status];
      if (mention.concepts?.length) parts.push(this.editor.finder.say(mention));
      for (const one of this.editor.data.clashes)
        if (one.places.some(([from, to]) => from === startOf(mention) && to === endOf(mention)))
          parts.push(`conflicting ids in this text: ${one.ids.join(", ")}`);
      if (mention.score !== null) parts.push(`${percent(mention.score)} sure`);
      const best = rivals(mention)[0];
      if (best) parts.push(`second best ${best.label}${best.score ? ` ${percent(best.score)}` : ""}`);
      if (mention.fragments.length > 1) parts.push(`${mention.fragments.length} parts`);
      const others = mention.fragments.flatMap(([start, end]) => this.touching(start, end)).filter((one) => one !== mention).length;
      if (others > 0) parts.push(`${others} more here (O)`);
      for (const [layer, there] of this.elsewhere(mention)) parts.push(`${layer}: ${there}`);
      return parts.join(" · ");
    }
    const range = this.range();
    if (!range) return "";
    const offers = this.editor.edits.offered(...range).map(({ layer, mention: one }) => `${layer.title}: ${describe(this.editor.text, one)} (A takes it over)`);
    return [`“${shorten(this.editor.text.slice(...range))}”`, ...offers].join(" · ");
  }

  elsewhere(mention) {
    return this.editor.data.layers.map((layer) => {
      const found = layer.mentions.filter((one) => meet(one, mention));
      return [layer.title, found.map((one) => describe(this.editor.text, one)).join(", ") || "nothing"];
    });
  }
}

function meet(a, b) {
  return a.fragments.some(([start, end]) => b.fragments.some(([from, to]) => start < to && from < end));
}

function shorten(surface) {
  const points = Array.from(surface);
  return points.length > 60 ? `${points.slice(0, 40).join("")} … ${points.slice(-15).join("")}` : surface;
}
