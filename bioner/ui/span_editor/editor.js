// The span editor: keys and mouse in, operations out. An operation stays in the outbox, which is the
// component's state, until Python names it as saved or refused; it survives a reload of the tab.

const OUTBOX = "bioner-span-editor-outbox";
const TAB = "bioner-span-editor-tab";
const RESEND = 5000; // milliseconds without an answer
const KEYS = [
  ["← → ↑ ↓  Home End", "move by word, by line, to the line's ends (Ctrl: the text's)"],
  ["Shift + ← →", "extend the selection; on a selected mention, move its end"],
  ["Ctrl + Shift + ← →", "move the start of the selection or mention"],
  ["Alt with the above", "by single characters"],
  ["1 … 9 0, Shift + 1 …", "give the selection or mention this type; its own type confirms it"],
  ["T", "choose a type by name"],
  ["N  P", "next, previous mention"],
  ["O", "the next of several mentions at this place"],
  ["Delete  Backspace  X", "delete the mention, or all within the selection"],
  ["S", "take the second-best type"],
  ["E", "every occurrence in this text: preview, then Enter"],
  ["Shift + E", "delete every occurrence: preview, then Enter"],
  ["Ctrl + Z  U", "undo"],
  ["Ctrl + Shift + Z  Ctrl + Y  Shift + U", "redo"],
  ["L", "show or hide the other layers"],
  ["Esc", "let go of the mention, then of the selection"],
  ["Drag, double-click", "select whole words (Alt: exact characters)"],
  ["Drag a handle", "resize the selected mention"],
  ["Shift + click on a type", "keep it: each drag or double-click then marks that type"],
];

const editors = new WeakMap();

export default function mount(component) {
  const { parentElement, data, setStateValue } = component;
  let editor = editors.get(parentElement);
  if (!editor) {
    editor = new SpanEditor(parentElement);
    editors.set(parentElement, editor);
  }
  editor.receive(data, setStateValue);
  return () => {
    editors.delete(parentElement);
    editor.destroy();
  };
}

function freshId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0"));
  return bytes.join("");
}

function readStored(key, otherwise) {
  try {
    return JSON.parse(sessionStorage.getItem(key)) ?? otherwise;
  } catch {
    return otherwise;
  }
}

function store(key, value) {
  try {
    sessionStorage.setItem(key, JSON.stringify(value));
  } catch {
    // A full or forbidden storage only costs the safety net for reloads.
  }
}

class SpanEditor {
  constructor(parent) {
    this.view = new TextView();
    this.outbox = [];
    this.data = null;
    this.sel = null; // {anchor: [start, end], focus: [start, end]}
    this.active = null; // identity of the selected mention
    this.brush = null;
    this.preview = null; // a batch waiting for Enter
    this.drag = null;
    this.showLayers = true;
    this.waiting = null; // id of a command that leads to another text
    this.tab = readStored(TAB, null) ?? freshId();
    store(TAB, this.tab);
    this.build(parent);
    this.listen();
  }

  build(parent) {
    this.palette = element("div", { class: "bse-palette", role: "toolbar", "aria-label": "Entity types" });
    this.actions = element("div", { class: "bse-actions", role: "toolbar", "aria-label": "Actions" });
    this.info = element("span", { class: "bse-info" });
    this.saved = element("span", { class: "bse-saved", role: "status" });
    this.live = element("div", { class: "bse-live", "aria-live": "polite" });
    this.pop = element("div", { class: "bse-pop", role: "toolbar", "aria-label": "Selection", hidden: true });
    this.help = element("div", { class: "bse-help", role: "dialog", "aria-label": "Keys", hidden: true });
    this.root = element(
      "div",
      { class: "bse" },
      this.palette,
      this.view.scroller,
      element("div", { class: "bse-status" }, this.info, this.saved),
      this.actions,
      this.help,
      this.live,
    );
    this.root.append(this.pop);
    parent.append(this.root);
  }

  listen() {
    this.abort = new AbortController();
    const { signal } = this.abort;
    this.view.body.addEventListener("mousedown", (event) => this.onMouseDown(event), { signal });
    this.view.body.addEventListener("copy", (event) => this.onCopy(event), { signal });
    this.view.body.addEventListener("focus", () => this.onFocus(), { signal });
    this.root.addEventListener("keydown", (event) => this.onKey(event), { signal });
    document.addEventListener("mousemove", (event) => this.onMouseMove(event), { signal });
    document.addEventListener("mouseup", (event) => this.onMouseUp(event), { signal });
    window.addEventListener(
      "beforeunload",
      (event) => {
        if (this.outbox.length) event.preventDefault();
      },
      { signal },
    );
    this.resizing = new ResizeObserver(() => this.drawOverlay());
    this.resizing.observe(this.view.body);
  }

  destroy() {
    this.abort.abort();
    this.resizing.disconnect();
    clearTimeout(this.timer);
    this.root.remove();
  }

  // ---- from and to Python

  receive(data, setStateValue) {
    this.setStateValue = setStateValue;
    const before = this.data;
    const isOther = !before || before.view !== data.view || before.text !== data.text;
    this.data = data;
    if (!before) this.outbox = readStored(this.outboxKey(), []);
    const unsent = !before && this.outbox.length;
    const refused = new Map(data.refused.map((one) => [one.op_id, one.reason]));
    const answered = new Set([...data.acknowledged, ...refused.keys()]);
    const ours = this.outbox.filter((one) => refused.has(one.op_id));
    if (answered.size) this.outbox = this.outbox.filter((one) => !answered.has(one.op_id));
    this.keepOutbox();
    if (this.waiting && (answered.has(this.waiting) || isOther)) this.waiting = null;
    if (isOther) this.openText();
    this.rebuild();
    if (isOther) this.goToFocus();
    this.drawPalette(before);
    this.drawActions(before);
    this.draw();
    // Nobody else has the focus: at the start, or after Streamlit's "connection lost" is gone.
    if (document.activeElement === document.body) this.view.body.focus({ preventScroll: true });
    if (ours.length) this.say(`Not saved: ${refused.get(ours[0].op_id)}`, "bad");
    else if (isOther && data.message) this.say(data.message, "");
    if (unsent) this.send();
    else this.arm();
  }

  outboxKey() {
    return `${OUTBOX}:${this.data.editor}`;
  }

  keepOutbox() {
    store(this.outboxKey(), this.outbox);
  }

  openText() {
    const { data } = this;
    this.text = new Text(data.text, data.tokens);
    this.view.setText(this.text, data.units);
    this.view.body.classList.toggle("bse-cut-start", data.cut[0]);
    this.view.body.classList.toggle("bse-cut-end", data.cut[1]);
    this.view.body.setAttribute("aria-label", `${data.title}. Press question mark for the keys.`);
    this.sel = null;
    this.active = null;
    this.preview = null;
    this.hidePop();
    this.view.scroller.scrollTop = 0;
    this.info.textContent = "";
  }

  // Begin where Python says, at the first mention there or its first word.
  goToFocus() {
    const { focus } = this.data;
    if (!focus || !this.text.tokens) return;
    const first = this.mentions.find((one) => startOf(one) >= focus[0] && endOf(one) <= focus[1]);
    if (first) this.selectMention(first);
    else this.selectToken(this.text.tokenAt(focus[0]));
    this.say(this.describeSelection(), "");
  }

  // What Python has, and on it what is still on its way there.
  rebuild() {
    let mentions = this.data.mentions.slice().sort(compareMentions);
    const history = { undo: this.data.undo.slice(), redo: this.data.redo.slice() };
    for (const operation of this.outbox) {
      if (operation.view !== this.data.view || operation.kind === "command") continue;
      const next = applyOperation(mentions, operation);
      if (!next) continue;
      mentions = next;
      foldHistory(history, operation);
    }
    this.mentions = mentions;
    this.history = history;
    if (this.active && !this.activeMention()) this.active = null;
  }

  send() {
    this.keepOutbox();
    this.setStateValue("operations", this.outbox);
    this.arm();
  }

  arm() {
    clearTimeout(this.timer);
    if (this.outbox.length) this.timer = setTimeout(() => this.send(), RESEND);
  }

  enqueue(operation) {
    const { data } = this;
    const seq = (readStored(`${TAB}:seq`, 0) || 0) + 1;
    store(`${TAB}:seq`, seq);
    this.outbox.push({
      op_id: freshId(),
      seq,
      view: data.view,
      session: data.session || this.tab,
      reviewer: data.reviewer,
      offset: data.offset,
      units: operation.units,
      kind: operation.kind,
      name: operation.name ?? "",
      removed: operation.removed ?? [],
      added: operation.added ?? [],
      surfaces: (operation.added ?? []).map((one) => surfaceOf(this.text, one)),
      selection: this.range(),
      label: this.activeMention()?.label ?? "",
    });
    return this.outbox[this.outbox.length - 1];
  }

  // Make an edit: shown at once, sent at once, kept until Python has answered.
  commit(kind, removed, added, said, among = null) {
    if (this.data.read_only) return this.say("This text is read-only here", "bad");
    if (this.waiting) return this.say("One moment: the next text is on its way", "");
    const outside = [...removed, ...added].some((one) => !this.isEditable(one));
    if (outside) return this.say(this.data.outside, "bad");
    const operation = { kind, removed, added, units: this.touched({ removed, added, among }) };
    const next = applyOperation(this.mentions, operation);
    if (!next) return this.say("That mention is not there any more", "bad");
    this.mentions = next;
    foldHistory(this.history, operation);
    this.enqueue(operation);
    this.send();
    this.say(said, "");
    return undefined;
  }

  isEditable(mention) {
    return this.data.units.some((unit) => isWithin(mention, unit));
  }

  // The units (queue items) that an operation changes; all that are open where it changes no mention.
  touched({ removed = [], added = [], among = null }) {
    const changed = [...removed, ...added];
    return this.data.units
      .filter((unit) => !among?.length || among.includes(unit.id))
      .filter((unit) => !changed.length || changed.some((one) => isWithin(one, unit)))
      .map((unit) => ({ id: unit.id, base: unit.base }));
  }

  command(command) {
    if (this.waiting) return undefined;
    if (command.needs_selection && !this.range()) return this.say("Select something first", "");
    const made = this.enqueue({ kind: "command", name: command.name, units: this.touched({}) });
    if (command.leaves) this.waiting = made.op_id;
    this.preview = null;
    this.send();
    this.say(command.said || command.label, "");
    this.draw();
    return undefined;
  }

  // ---- what is selected

  range() {
    if (!this.sel) return null;
    const { anchor, focus } = this.sel;
    return [Math.min(anchor[0], focus[0]), Math.max(anchor[1], focus[1])];
  }

  activeMention() {
    return this.mentions.find((one) => identity(one) === this.active) ?? null;
  }

  select(range, { active = null, extend = null } = {}) {
    this.preview = null;
    this.sel = { anchor: extend ?? range, focus: range };
    this.active = active && identity(active);
  }

  selectToken(token) {
    const range = [this.text.starts[token], this.text.ends[token]];
    this.select(range, { active: this.innermost(range[0], range[1]) });
  }

  selectMention(mention) {
    this.select([startOf(mention), endOf(mention)], { active: mention });
  }

  // Mentions that touch a range, the shortest first.
  touching(start, end) {
    return this.mentions
      .filter((one) => one.fragments.some(([from, to]) => from < end && start < to))
      .sort((a, b) => endOf(a) - startOf(a) - (endOf(b) - startOf(b)));
  }

  innermost(start, end) {
    return this.touching(start, end)[0] ?? null;
  }

  exactly(start, end) {
    return this.mentions.find((one) => one.fragments.length === 1 && startOf(one) === start && endOf(one) === end) ?? null;
  }

  // ---- edits

  giveType(label) {
    if (this.preview) return;
    const mention = this.activeMention();
    if (mention) return this.relabel(mention, label);
    const range = this.range();
    if (!range) return this.setBrush(label);
    this.addMention(range, label);
  }

  addMention([start, end], label) {
    const same = this.mentions.find((one) => one.label === label && one.fragments.length === 1 && startOf(one) === start && endOf(one) === end);
    if (same) {
      this.selectMention(same);
      this.draw();
      return this.say(`${label} is already there`, "");
    }
    const over = this.touching(start, end);
    const added = newMention([[start, end]], label);
    const tail = over.length ? `; it overlaps ${describe(this.text, over[0])}` : "";
    this.commit("add", [], [added], `Added ${describe(this.text, added)}${tail}`);
    if (this.mentions.includes(added)) this.selectMention(added);
    this.draw();
  }

  relabel(mention, label) {
    if (label === mention.label && mention.status !== "predicted")
      return this.say(`${describe(this.text, mention)} already has this type`, "");
    const alternatives = mention.alternatives.filter((one) => one.label !== label);
    if (label !== mention.label) alternatives.unshift({ label: mention.label, score: mention.score ?? 0 });
    const changed = { ...mention, label, status: "reviewed", score: null, alternatives };
    if (label !== mention.label) changed.source_label = "";
    if (label !== mention.label && this.mentions.some((one) => identity(one) === identity(changed)))
      return this.say(`${describe(this.text, changed)} is already there`, "");
    const said = label === mention.label ? `Confirmed ${describe(this.text, changed)}` : `${mention.label} became ${describe(this.text, changed)}`;
    this.commit("relabel", [mention], [changed], said);
    if (this.mentions.includes(changed)) this.active = identity(changed);
    this.draw();
  }

  resize(mention, start, end) {
    if (mention.fragments.length > 1)
      return this.say("A mention in several parts keeps its parts: delete it and mark it anew to change them", "bad");
    if (!(start < end) || (start === startOf(mention) && end === endOf(mention))) return undefined;
    const changed = { ...mention, fragments: [[start, end]], status: "reviewed", score: null };
    if (this.mentions.some((one) => one !== mention && identity(one) === identity(changed)))
      return this.say(`${describe(this.text, changed)} is already there`, "");
    this.commit("resize", [mention], [changed], `Now ${describe(this.text, changed)}`);
    if (this.mentions.includes(changed)) this.selectMention(changed);
    this.draw();
    return undefined;
  }

  remove() {
    const mention = this.activeMention();
    const range = this.range();
    const doomed = mention
      ? [mention]
      : range
        ? this.mentions.filter((one) => range[0] <= startOf(one) && endOf(one) <= range[1])
        : [];
    if (!doomed.length) return this.say("No mention is selected", "");
    const said = doomed.length === 1 ? `Deleted ${describe(this.text, doomed[0])}` : `Deleted ${doomed.length} mentions`;
    this.commit("delete", doomed, [], said);
    this.active = null;
    this.draw();
  }

  secondBest() {
    const mention = this.activeMention();
    if (!mention) return this.say("Select a mention first", "");
    if (!mention.alternatives.length) return this.say("There is no second-best type for it", "");
    const best = mention.alternatives.reduce((a, b) => (b.score > a.score ? b : a));
    this.relabel(mention, best.label);
  }

  travel(kind) {
    const group = this.history[kind][this.history[kind].length - 1];
    if (!group) {
      const waits = this.data.more[kind] && this.outbox.length;
      return this.say(waits ? "One moment: earlier edits are on their way" : `Nothing to ${kind}`, "");
    }
    const [removed, added] = kind === "undo" ? [group.added, group.removed] : [group.removed, group.added];
    this.preview = null;
    this.commit(kind, removed, added, kind === "undo" ? "Undone" : "Redone", group.units);
    this.active = null;
    if (added.length === 1) this.selectMention(added[0]);
    this.draw();
  }

  offerOccurrences(deleting) {
    const mention = this.activeMention();
    if (!mention) return this.say("Select a mention first: every occurrence gets its type", "");
    if (mention.fragments.length > 1) return this.say("A mention in several parts has no other occurrences", "");
    const surface = surfaceOf(this.text, mention);
    const removed = [];
    const added = [];
    const ranges = [];
    let beyond = 0;
    for (const [start, end] of this.text.occurrences(startOf(mention), endOf(mention))) {
      const same = this.mentions.filter((one) => one.fragments.length === 1 && startOf(one) === start && endOf(one) === end);
      const labelled = same.find((one) => one.label === mention.label);
      const made = newMention([[start, end]], mention.label);
      if (!this.isEditable(made)) {
        beyond += 1;
      } else if (deleting) {
        if (labelled) removed.push(labelled);
        if (labelled) ranges.push([start, end]);
      } else if (!labelled) {
        removed.push(...same);
        added.push(made);
        ranges.push([start, end]);
      }
    }
    const aside = beyond ? `; ${beyond} outside what is open here` : "";
    if (!ranges.length) return this.say(`No further “${surface}” here${aside}`, "");
    this.preview = { kind: "batch", removed, added, ranges };
    this.say(`${deleting ? "Delete" : "Mark"} ${ranges.length} × “${surface}” as ${mention.label}${aside}? Enter does it, Esc does not`, "ask");
    this.draw();
  }

  acceptPreview() {
    const { kind, removed, added, ranges } = this.preview;
    this.preview = null;
    this.commit(kind, removed, added, `${ranges.length} changed as one`);
    this.draw();
  }

  setBrush(label) {
    this.brush = this.brush === label ? null : label;
    this.say(this.brush ? `Each drag or double-click now marks ${label}` : "Drags only select", "");
    this.markPalette();
  }

  // ---- keys

  onKey(event) {
    if (event.target.closest?.(".bse-search")) return this.onSearchKey(event);
    const inText = event.target === this.view.body;
    if (event.key === "Escape" && !this.help.hidden) return this.handled(event, () => this.toggleHelp());
    if (!inText) {
      event.stopPropagation();
      return this.moveInToolbar(event);
    }
    const action = this.actionFor(event);
    if (action) return this.handled(event, action);
    if (event.key.length === 1 && !event.ctrlKey && !event.metaKey) event.stopPropagation();
    return undefined;
  }

  // A toolbar is one stop of the Tab key; the arrow keys move inside it.
  moveInToolbar(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const toolbar = event.target.closest?.("[role=toolbar]");
    if (!step || !toolbar || event.target.tagName !== "BUTTON") return;
    event.preventDefault();
    const buttons = usable(toolbar);
    const next = buttons[(buttons.indexOf(event.target) + step + buttons.length) % buttons.length];
    makeOnlyStop(toolbar, next);
    next.focus();
  }

  handled(event, action) {
    event.preventDefault();
    event.stopPropagation();
    this.hidePop();
    action();
  }

  actionFor(event) {
    const { key, code, shiftKey, altKey } = event;
    const control = event.ctrlKey || event.metaKey;
    const horizontal = key === "ArrowLeft" ? -1 : key === "ArrowRight" ? 1 : 0;
    if (horizontal) return () => this.arrow(horizontal, { shift: shiftKey, alt: altKey, control });
    if (key === "ArrowUp" || key === "ArrowDown") return () => this.moveLine(key === "ArrowUp" ? -1 : 1, shiftKey);
    if (key === "Home" || key === "End") return () => this.moveEnd(key === "Home" ? -1 : 1, control, shiftKey);
    if (control && !altKey && (key === "z" || key === "Z")) return () => this.travel(shiftKey ? "redo" : "undo");
    if (control && !altKey && (key === "y" || key === "Y")) return () => this.travel("redo");
    if (key === "Escape") return () => this.escape();
    if (key === "Enter" && this.preview && !control) return () => this.acceptPreview();
    const command = this.data.commands.find((one) => one.key === chord(event));
    if (command) return () => this.command(command);
    if (control || altKey) return null;
    if (key === "Delete" || key === "Backspace") return () => this.remove();
    const digit = /^(?:Digit|Numpad)([0-9])$/.exec(code);
    if (digit) {
      const type = this.data.types[(Number(digit[1]) + 9) % 10 + (shiftKey ? 10 : 0)];
      return type ? () => this.giveType(type.name) : () => this.say("No type has this key", "");
    }
    if (key === "?") return () => this.toggleHelp();
    return this.letters(key);
  }

  letters(key) {
    const actions = {
      n: () => this.neighbour(1),
      p: () => this.neighbour(-1),
      o: () => this.cycle(),
      x: () => this.remove(),
      s: () => this.secondBest(),
      e: () => this.offerOccurrences(false),
      E: () => this.offerOccurrences(true),
      u: () => this.travel("undo"),
      U: () => this.travel("redo"),
      l: () => this.toggleLayers(),
      t: () => this.openSearch(),
    };
    return actions[key] ?? null;
  }

  arrow(sign, { shift, alt, control }) {
    const mention = this.activeMention();
    const range = this.range();
    if (!range) {
      if (this.text.tokens) this.selectToken(sign > 0 ? 0 : this.text.tokens - 1);
      return this.draw();
    }
    const at = sign > 0 ? range[1] - 1 : range[0];
    const step = this.view.isRightToLeft(at) ? -sign : sign;
    if (shift && (mention || alt || control)) {
      const [start, end] = mention ? [startOf(mention), endOf(mention)] : range;
      const moved = control ? [this.nextEdge(start, step, alt, "starts"), end] : [start, this.nextEdge(end, step, alt, "ends")];
      if (!(moved[0] < moved[1])) return this.say("A mention keeps at least one word or character", "");
      if (mention) return this.resize(mention, ...moved);
      this.select(moved);
      this.active = this.exactly(...moved) && identity(this.exactly(...moved));
    } else if (alt) {
      const start = Math.min(this.text.edge(range[0], step), this.text.edge(this.text.length, -1));
      this.select([start, this.text.edge(start, 1)]);
      this.active = null;
    } else {
      this.moveToken(step, shift);
    }
    this.say(this.describeSelection(), "");
    this.draw();
  }

  nextEdge(offset, step, exact, side) {
    if (exact) return this.text.edge(offset, step);
    const edges = this.text[side];
    if (step > 0) return edges.find((one) => one > offset) ?? offset;
    return edges.findLast((one) => one < offset) ?? offset;
  }

  moveToken(step, extend) {
    const { focus, anchor } = this.sel;
    let token = this.text.tokenAt(step > 0 ? focus[1] - 1 : focus[0]);
    const isInside = this.text.starts[token] < focus[1] || step < 0;
    token = Math.max(0, Math.min(this.text.tokens - 1, token + (isInside ? step : 0)));
    this.goTo(token, extend ? anchor : null);
  }

  goTo(token, anchor) {
    const range = [this.text.starts[token], this.text.ends[token]];
    if (!anchor) return this.selectToken(token);
    this.select(range, { extend: anchor });
    const found = this.exactly(...this.range());
    this.active = found && identity(found);
  }

  moveLine(sign, extend) {
    const range = this.range();
    if (!range) return this.arrow(sign, {});
    const token = this.text.tokenAt(this.sel.focus[0]);
    const box = this.view.boxes(this.text.starts[token], this.text.ends[token])[0];
    if (!box) return undefined;
    const middle = (box.left + box.right) / 2;
    let best = null;
    let line = null;
    for (let next = token + sign; next >= 0 && next < this.text.tokens; next += sign) {
      const there = this.view.boxes(this.text.starts[next], this.text.ends[next])[0];
      if (!there) continue;
      const height = (there.top + there.bottom) / 2;
      if (sign > 0 ? height <= box.bottom : height >= box.top) continue;
      if (line !== null && Math.abs(there.top - line) > 8) break;
      line = there.top;
      const distance = Math.max(there.left - middle, middle - there.right, 0);
      if (best === null || distance < best.distance) best = { token: next, distance };
    }
    if (best) this.goTo(best.token, extend ? this.sel.anchor : null);
    this.say(this.describeSelection(), "");
    this.draw();
    return undefined;
  }

  moveEnd(sign, whole, extend) {
    if (!this.text.tokens) return;
    let token = this.range() ? this.text.tokenAt(this.sel.focus[0]) : 0;
    if (whole) {
      token = sign < 0 ? 0 : this.text.tokens - 1;
    } else {
      const top = (one) => this.view.boxes(this.text.starts[one], this.text.ends[one])[0]?.top ?? 0;
      const here = top(token);
      while (token + sign >= 0 && token + sign < this.text.tokens && Math.abs(top(token + sign) - here) < 8) token += sign;
    }
    this.goTo(token, extend && this.sel ? this.sel.anchor : null);
    this.say(this.describeSelection(), "");
    this.draw();
  }

  neighbour(sign) {
    if (!this.mentions.length) return this.say("There are no mentions", "");
    const index = this.mentions.findIndex((one) => identity(one) === this.active);
    const range = this.range();
    let next;
    if (index >= 0) next = (index + sign + this.mentions.length) % this.mentions.length;
    else if (!range) next = sign > 0 ? 0 : this.mentions.length - 1;
    else if (sign > 0) next = Math.max(0, this.mentions.findIndex((one) => startOf(one) >= range[0]));
    else next = (this.mentions.findLastIndex((one) => startOf(one) < range[0]) + this.mentions.length) % this.mentions.length;
    this.selectMention(this.mentions[next]);
    this.say(this.describeSelection(), "");
    this.draw();
  }

  cycle() {
    const range = this.range();
    const found = range ? this.touching(...range) : [];
    if (!found.length) return this.say("No mention here", "");
    const index = found.findIndex((one) => identity(one) === this.active);
    const next = found[(index + 1) % found.length];
    this.active = identity(next);
    this.say(this.describeSelection(), "");
    this.draw();
  }

  escape() {
    if (this.preview) this.preview = null;
    else if (this.active) this.active = null;
    else if (this.sel && this.sel.anchor !== this.sel.focus) this.sel.anchor = this.sel.focus;
    else if (this.brush) this.setBrush(this.brush);
    else this.sel = null;
    this.say(this.describeSelection(), "");
    this.draw();
  }

  onFocus() {
    if (this.drag || this.sel || !this.text.tokens) return;
    if (!this.view.body.matches(":focus-visible")) return;
    this.selectToken(this.text.tokenAt(this.data.units[0]?.start ?? 0));
    this.draw();
  }

  // ---- mouse

  onMouseDown(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.view.body.focus({ preventScroll: true });
    this.hidePop();
    const glyph = this.view.glyphAt(event.clientX, event.clientY);
    const offset = this.view.offsetAt(event.clientX, event.clientY);
    if (offset === null) return;
    this.drag = { kind: "select", x: event.clientX, y: event.clientY, offset, glyph, clicks: event.detail, extend: event.shiftKey, moved: false };
  }

  onMouseMove(event) {
    const { drag } = this;
    if (!drag) return;
    if (!drag.moved && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < 4) return;
    drag.moved = true;
    const offset = this.view.offsetAt(event.clientX, event.clientY);
    if (offset === null) return;
    drag.range = drag.kind === "select" ? this.draggedRange(drag, offset, event.altKey) : this.resizedRange(drag, offset, event.altKey);
    if (drag.range && drag.kind === "select") this.select(drag.range);
    this.drawOverlay();
    if (drag.range) this.info.textContent = `“${shorten(this.text.slice(...drag.range))}”`;
  }

  draggedRange(drag, offset, exact) {
    let [start, end] = [Math.min(drag.offset, offset), Math.max(drag.offset, offset)];
    if (start === end) [start, end] = [drag.glyph, drag.glyph + 1];
    return exact ? [start, end] : this.text.snap(start, end);
  }

  resizedRange(drag, offset, exact) {
    const [start, end] = drag.side === "start" ? [Math.min(offset, drag.end - 1), drag.end] : [drag.start, Math.max(offset, drag.start + 1)];
    const snapped = exact ? [start, end] : this.text.snap(start, end);
    if (!snapped) return null;
    return drag.side === "start" ? [snapped[0], drag.end] : [drag.start, snapped[1]];
  }

  onMouseUp(event) {
    const { drag } = this;
    if (!drag) return;
    this.drag = null;
    window.getSelection()?.removeAllRanges();
    if (drag.kind === "resize") {
      const mention = this.activeMention();
      if (drag.range && mention) this.resize(mention, ...drag.range);
    } else if (drag.moved) {
      if (drag.range) this.finishSelection(drag.range);
    } else {
      this.click(drag, event.altKey);
    }
    this.draw();
  }

  finishSelection(range) {
    this.select(range);
    const found = this.exactly(...range);
    if (found) this.active = identity(found);
    if (this.brush && !found) return this.addMention(range, this.brush);
    this.say(this.describeSelection(), "");
    this.showPop();
  }

  click(drag) {
    if (!this.text.tokens) return;
    const token = this.text.tokenAt(drag.glyph);
    const range = [this.text.starts[token], this.text.ends[token]];
    if (drag.clicks >= 2) return this.finishSelection(range);
    if (drag.extend && this.sel) {
      const { anchor } = this.sel;
      this.select(range, { extend: anchor });
      return this.finishSelection(this.range());
    }
    const found = this.touching(drag.glyph, drag.glyph + 1);
    if (found.length) {
      const index = found.findIndex((one) => identity(one) === this.active);
      this.selectMention(found[(index + 1) % found.length]);
      this.say(this.describeSelection(), "");
      this.showPop();
    } else {
      this.select(range);
      this.say(this.describeSelection(), "");
    }
  }

  startResize(event, side) {
    event.preventDefault();
    event.stopPropagation();
    const mention = this.activeMention();
    this.hidePop();
    this.drag = { kind: "resize", side, start: startOf(mention), end: endOf(mention), x: event.clientX, y: event.clientY, moved: false };
  }

  onCopy(event) {
    const range = this.range();
    if (!range || !window.getSelection().isCollapsed) return;
    event.clipboardData.setData("text/plain", this.text.slice(...range));
    event.preventDefault();
  }

  // ---- drawing

  style() {
    const colors = new Map(this.data.types.map((type) => [type.name, type.color]));
    return {
      color: (label) => colors.get(label) ?? "#6f7780",
      covers: this.data.covers && new Set(this.data.covers),
      key: JSON.stringify([this.data.types.map((type) => [type.name, type.color]), this.data.covers]),
    };
  }

  draw() {
    this.view.setMarks(this.mentions, this.showLayers ? this.data.layers : [], this.style());
    this.drawOverlay();
    this.drawSaved();
    this.markActions();
    this.view.body.setAttribute("aria-busy", String(Boolean(this.waiting)));
    this.root.classList.toggle("bse-waiting", Boolean(this.waiting));
  }

  drawOverlay() {
    if (!this.text) return;
    const { view } = this;
    view.clearOverlay();
    const mention = this.activeMention();
    const range = this.range();
    if (this.preview) for (const [start, end] of this.preview.ranges) view.drawBoxes(start, end, "bse-occurrence");
    let boxes = [];
    if (range && (!mention || range[0] !== startOf(mention) || range[1] !== endOf(mention))) boxes = view.drawBoxes(...range, "bse-selection");
    if (mention) {
      const parts = this.drag?.kind === "resize" && this.drag.range ? [this.drag.range] : mention.fragments;
      boxes = parts.flatMap(([start, end]) => view.drawBoxes(start, end, "bse-active"));
      if (parts.length === 1 && boxes.length && !this.data.read_only) this.drawHandles(boxes);
    }
    if (boxes.length && !this.drag && this.revealed !== this.active + range) {
      boxes.at(-1).scrollIntoView({ block: "nearest" });
      boxes[0].scrollIntoView({ block: "nearest" });
      this.revealed = this.active + range;
    }
  }

  drawHandles(boxes) {
    for (const [side, box] of [["start", boxes[0]], ["end", boxes.at(-1)]]) {
      const handle = element("div", { class: `bse-handle bse-${side}`, title: "Drag to resize" });
      handle.addEventListener("mousedown", (event) => this.startResize(event, side));
      box.append(handle);
    }
  }

  drawSaved() {
    const waiting = this.outbox.length;
    const { revision, last_saved: last } = this.data;
    if (waiting) this.saved.textContent = `saving ${waiting} …`;
    else if (revision) this.saved.textContent = `saved, revision ${revision}`;
    else this.saved.textContent = last ? `the one before is saved, revision ${last}` : "nothing saved yet";
    this.saved.dataset.tone = !waiting && (revision || last) ? "saved" : "";
    this.root.dataset.pending = String(waiting);
    this.root.dataset.revision = String(this.data.revision);
    this.root.dataset.view = this.data.view;
  }

  say(message, tone) {
    this.info.textContent = message;
    this.info.dataset.tone = tone;
    this.live.textContent = message;
  }

  describeSelection() {
    const mention = this.activeMention();
    if (mention) {
      const parts = [describe(this.text, mention), mention.status === "predicted" ? "predicted" : mention.status];
      if (mention.score !== null) parts.push(`${percent(mention.score)} sure`);
      const best = mention.alternatives[0];
      if (best) parts.push(`second best ${best.label}${best.score ? ` ${percent(best.score)}` : ""}`);
      if (mention.fragments.length > 1) parts.push(`${mention.fragments.length} parts`);
      const others = mention.fragments.flatMap(([start, end]) => this.touching(start, end)).filter((one) => one !== mention).length;
      if (others > 0) parts.push(`${others} more here (O)`);
      for (const [layer, there] of this.elsewhere(mention)) parts.push(`${layer}: ${there}`);
      return parts.join(" · ");
    }
    const range = this.range();
    return range ? `“${shorten(this.text.slice(...range))}”` : "";
  }

  elsewhere(mention) {
    return this.data.layers.map((layer) => {
      const found = layer.mentions.filter((one) => meet(one, mention));
      return [layer.title, found.map((one) => describe(this.text, one)).join(", ") || "nothing"];
    });
  }

  typeButton(type, index, onclick) {
    const isCovered = !this.data.covers || this.data.covers.includes(type.name);
    const key = index < 10 ? String((index + 1) % 10) : index < 20 ? `⇧${(index + 1) % 10}` : "";
    const about = [type.definition, type.example && `For example: ${type.example}`, !isCovered && "Nobody looked for this type here"];
    const made = element(
      "button",
      { type: "button", class: isCovered ? "bse-type" : "bse-type bse-uncovered", title: about.filter(Boolean).join("\n"), "data-type": type.name, onclick },
      element("kbd", {}, key),
      element("span", {}, type.name),
    );
    made.style.setProperty("--c", type.color);
    made.addEventListener("mousedown", (event) => event.preventDefault());
    return made;
  }

  drawPalette(before) {
    const same = before && JSON.stringify([before.types, before.covers]) === JSON.stringify([this.data.types, this.data.covers]);
    if (same) return;
    this.palette.textContent = "";
    this.data.types.forEach((type, index) =>
      this.palette.append(this.typeButton(type, index, (event) => {
        this.hidePop();
        if (event.shiftKey) this.setBrush(type.name);
        else this.giveType(type.name);
      })),
    );
    this.search = element("input", { class: "bse-search", type: "text", placeholder: "Type … (T)", "aria-label": "Choose a type by name", list: "bse-types" });
    const names = element("datalist", { id: "bse-types" }, ...this.data.types.map((type) => element("option", { value: type.name })));
    this.palette.append(this.search, names);
    this.markPalette();
  }

  markPalette() {
    for (const button of this.palette.querySelectorAll(".bse-type"))
      button.setAttribute("aria-pressed", String(button.dataset.type === this.brush));
    makeOnlyStop(this.palette);
  }

  openSearch() {
    this.search.value = "";
    this.search.focus();
  }

  onSearchKey(event) {
    event.stopPropagation();
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault();
    const wanted = this.search.value.trim().toLowerCase();
    this.search.value = "";
    this.view.body.focus({ preventScroll: true });
    if (event.key === "Escape" || !wanted) return;
    const names = this.data.types.map((type) => type.name);
    const found = names.find((name) => name.toLowerCase() === wanted) ?? names.find((name) => name.toLowerCase().startsWith(wanted));
    if (found) this.giveType(found);
    else this.say(`No type is called “${wanted}”`, "bad");
  }

  button(label, title, onclick, name) {
    const made = element("button", { type: "button", class: "bse-action", title, "data-action": name, onclick }, label);
    made.addEventListener("mousedown", (event) => event.preventDefault());
    return made;
  }

  drawActions(before) {
    if (before && JSON.stringify(before.commands) === JSON.stringify(this.data.commands)) return;
    this.actions.textContent = "";
    const plain = [
      ["Undo", "Ctrl+Z", () => this.travel("undo"), "undo"],
      ["Redo", "Ctrl+Shift+Z", () => this.travel("redo"), "redo"],
      ["Delete", "Delete or X", () => this.remove(), "delete"],
      ["Second best", "S", () => this.secondBest(), "second"],
      ["Every occurrence", "E", () => this.offerOccurrences(false), "every"],
      ["Do it", "Enter", () => this.acceptPreview(), "confirm"],
      ["Layers", "L", () => this.toggleLayers(), "layers"],
      ["Keys ?", "?", () => this.toggleHelp(), "help"],
    ];
    for (const [label, key, action, name] of plain)
      this.actions.append(this.button(label, `Key: ${key}`, () => { this.hidePop(); action(); }, name));
    const gap = element("span", { class: "bse-gap" });
    this.actions.append(gap);
    for (const command of this.data.commands) {
      const made = this.button(command.label, `${command.title} (${command.key})`, () => this.command(command), command.name);
      made.classList.add("bse-command");
      if (command.primary) made.classList.add("bse-primary");
      made.append(element("kbd", {}, command.key.replace("Shift+", "⇧").replace("Enter", "⏎")));
      if (command.needs_selection) gap.before(made);
      else this.actions.append(made);
    }
  }

  markActions() {
    const enabled = {
      undo: this.history.undo.length > 0,
      redo: this.history.redo.length > 0,
      delete: Boolean(this.activeMention() || this.sel),
      second: Boolean(this.activeMention()?.alternatives.length),
      every: Boolean(this.activeMention()),
      layers: this.data.layers.length > 0,
    };
    for (const command of this.data.commands)
      if (command.needs_selection) enabled[command.name] = Boolean(this.sel);
    for (const button of this.actions.querySelectorAll("[data-action]")) {
      const name = button.dataset.action;
      if (name in enabled) button.disabled = !enabled[name];
      if (name === "confirm") button.hidden = !this.preview;
      if (name === "layers") button.setAttribute("aria-pressed", String(this.showLayers));
    }
    makeOnlyStop(this.actions);
  }

  toggleLayers() {
    this.showLayers = !this.showLayers;
    const names = this.data.layers.map((layer) => layer.title).join(", ");
    this.say(this.showLayers ? `Lines under the text: ${names || "no other layer"}` : "Other layers hidden", "");
    this.draw();
  }

  toggleHelp() {
    this.help.hidden = !this.help.hidden;
    if (this.help.hidden) {
      this.view.body.focus({ preventScroll: true });
      return;
    }
    const commands = this.data.commands.map((one) => [one.key, one.title]);
    const rows = [...KEYS, ...commands, ["?", "show or hide these keys"]];
    this.help.textContent = "";
    const list = element("dl", {}, ...rows.flatMap(([keys, what]) => [element("dt", {}, keys), element("dd", {}, what)]));
    this.help.append(this.button("Close", "Esc", () => this.toggleHelp(), "close"), list);
  }

  // The types beside the selection, for those who work by mouse.
  showPop() {
    const range = this.range();
    if (!range || this.data.read_only) return;
    this.pop.textContent = "";
    const mention = this.activeMention();
    const run = (action) => () => {
      this.hidePop();
      this.view.body.focus({ preventScroll: true });
      action();
    };
    this.data.types.forEach((type, index) => this.pop.append(this.typeButton(type, index, run(() => this.giveType(type.name)))));
    if (mention) {
      this.pop.append(this.button("Delete", "Delete", run(() => this.remove()), "pop-delete"));
      if (mention.alternatives.length) this.pop.append(this.button("Second best", "S", run(() => this.secondBest()), "pop-second"));
      this.pop.append(this.button("Every occurrence", "E", run(() => this.offerOccurrences(false)), "pop-every"));
    }
    this.pop.hidden = false;
    const box = this.view.boxes(...range).at(-1);
    if (!box) return;
    const sheet = this.view.sheet.getBoundingClientRect();
    const root = this.root.getBoundingClientRect();
    const left = box.left + sheet.left - root.left;
    this.pop.style.left = `${Math.max(0, Math.min(left, root.width - this.pop.offsetWidth - 4))}px`;
    this.pop.style.top = `${box.bottom + sheet.top - root.top + 10}px`;
  }

  hidePop() {
    this.pop.hidden = true;
  }
}

function usable(toolbar) {
  return [...toolbar.querySelectorAll("button")].filter((one) => !one.disabled && !one.hidden);
}

function makeOnlyStop(toolbar, stop = null) {
  const buttons = usable(toolbar);
  const chosen = stop ?? buttons.find((one) => "stop" in one.dataset) ?? buttons[0];
  for (const one of toolbar.querySelectorAll("button")) {
    one.tabIndex = one === chosen ? 0 : -1;
    if (one === chosen) one.dataset.stop = "";
    else delete one.dataset.stop;
  }
}

function isWithin(mention, unit) {
  return unit.start <= startOf(mention) && endOf(mention) <= unit.end;
}

function meet(a, b) {
  return a.fragments.some(([start, end]) => b.fragments.some(([from, to]) => start < to && from < end));
}

function newMention(fragments, label) {
  return { fragments, label, source_label: "", status: "reviewed", score: null, alternatives: [], attributes: [], id: "" };
}

function describe(text, mention) {
  return `${mention.label} “${shorten(surfaceOf(text, mention))}”`;
}

function shorten(surface) {
  const points = Array.from(surface);
  return points.length > 60 ? `${points.slice(0, 40).join("")} … ${points.slice(-15).join("")}` : surface;
}

function chord(event) {
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push("Ctrl");
  if (event.altKey) parts.push("Alt");
  if (event.shiftKey) parts.push("Shift");
  parts.push(event.key.length === 1 ? event.key.toUpperCase() : event.key);
  return parts.join("+");
}
