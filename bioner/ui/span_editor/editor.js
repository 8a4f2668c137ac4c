// The span editor: its parts put together, its text opened and drawn, commands led to the page.

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

class SpanEditor {
  constructor(parent) {
    this.data = null;
    this.showLayers = true;
    this.view = new TextView();
    this.outbox = new Outbox();
    this.selection = new Selection(this);
    this.edits = new Edits(this);
    this.toolbars = new Toolbars(this);
    this.finder = new Finder(this);
    this.keys = new Keys(this);
    this.mouse = new Mouse(this);
    this.build(parent);
    this.listen();
  }

  build(parent) {
    const { palette, actions, help, pop } = this.toolbars;
    this.info = element("span", { class: "bse-info" });
    this.saved = element("span", { class: "bse-saved", role: "status" });
    this.live = element("div", { class: "bse-live", "aria-live": "polite" });
    this.root = element(
      "div",
      { class: "bse" },
      palette,
      actions, // above the text, whose length differs: Accept stays where it is
      this.view.scroller,
      element("div", { class: "bse-status" }, this.info, this.saved),
      help,
      this.live,
      pop,
      this.finder.strip,
    );
    parent.append(this.root);
  }

  listen() {
    this.abort = new AbortController();
    const { signal } = this.abort;
    this.view.body.addEventListener("mousedown", (event) => this.mouse.press(event), { signal });
    this.view.body.addEventListener("copy", (event) => this.mouse.copy(event), { signal });
    this.view.body.addEventListener("focus", () => this.onFocus(), { signal });
    this.root.addEventListener("keydown", (event) => this.keys.press(event), { signal });
    document.addEventListener("mousemove", (event) => this.mouse.move(event), { signal });
    document.addEventListener("mouseup", (event) => this.mouse.release(event), { signal });
    window.addEventListener(
      "beforeunload",
      (event) => {
        if (this.outbox.length) event.preventDefault();
      },
      { signal },
    );
    const look = () => this.text && this.view.look();
    this.view.scroller.addEventListener("scroll", look, { signal, passive: true });
    window.addEventListener("scroll", look, { signal, passive: true, capture: true });
    this.resizing = new ResizeObserver(() => {
      this.drawOverlay();
      look();
    });
    this.resizing.observe(this.view.body);
  }

  destroy() {
    this.abort.abort();
    this.resizing.disconnect();
    this.outbox.close();
    this.root.remove();
  }

  // Show what Python has now, and on it what is still on its way there.
  receive(data, setStateValue) {
    const before = this.data;
    const isOther = !before || before.view !== data.view || before.text !== data.text;
    this.data = data;
    const unsent = this.outbox.connect(data.editor, setStateValue);
    const refusal = this.outbox.answer(data, isOther);
    if (isOther) this.openText();
    this.edits.rebuild();
    if (isOther) this.goToFocus();
    this.toolbars.drawPalette(before);
    this.toolbars.drawActions(before);
    this.draw();
    // Nobody else has the focus: at the start, or after Streamlit's "connection lost" is gone.
    if (document.activeElement === document.body) this.view.body.focus({ preventScroll: true });
    if (refusal) this.say(`Not saved: ${refusal}`, "bad");
    else if (isOther && data.message) this.say(data.message, "");
    if (unsent) this.outbox.send();
    else this.outbox.arm();
  }

  openText() {
    const { data } = this;
    this.text = new Text(data.text, data.tokens);
    this.view.setText(this.text, data.units);
    this.view.body.classList.toggle("bse-cut-start", data.cut[0]);
    this.view.body.classList.toggle("bse-cut-end", data.cut[1]);
    this.view.body.setAttribute("aria-label", `${data.title}. Press question mark for the keys.`);
    this.selection.clear();
    this.asked = null; // a command for the whole text that waits for its second press
    this.edits.preview = null;
    this.edits.held = null;
    this.toolbars.hidePop();
    this.view.scroller.scrollTop = 0;
    this.info.textContent = "";
  }

  // Begin where Python says, at the first mention there or its first word.
  goToFocus() {
    const { focus } = this.data;
    if (!focus || !this.text.tokens) return;
    const first = this.edits.mentions.find((one) => startOf(one) >= focus[0] && endOf(one) <= focus[1]);
    if (first) this.selection.selectMention(first);
    else this.selection.selectToken(this.text.tokenAt(focus[0]));
    this.say(this.selection.describe(), "");
  }

  // Put an operation into the outbox, with what is shown and selected as it is made.
  enqueue({ kind, units, name = "", removed = [], added = [] }) {
    const { data } = this;
    return this.outbox.add({
      view: data.view,
      session: data.session || this.outbox.tab,
      reviewer: data.reviewer,
      offset: data.offset,
      units,
      kind,
      name,
      removed,
      added,
      surfaces: added.map((one) => surfaceOf(this.text, one)),
      selection: this.selection.range(),
      label: this.selection.mention()?.label ?? "",
    });
  }

  command(command) {
    if (this.outbox.waiting) return undefined;
    if (command.needs_selection && !this.selection.range()) return this.say("Select something first", "");
    const question = command.for_all && this.asked !== command.name ? this.questionOf(command) : "";
    this.asked = question ? command.name : null;
    if (question) return this.say(question, "ask");
    const made = this.enqueue({ kind: "command", name: command.name, units: this.edits.touched({}) });
    if (command.leaves) this.outbox.waiting = made.op_id;
    this.edits.preview = null;
    this.outbox.send();
    this.say(command.said || command.label, "");
    this.draw();
    return undefined;
  }

  // Ask before a verdict on sentences that nobody has looked at; empty where all were on the screen.
  questionOf(command) {
    this.view.look();
    const open = this.data.units.filter((unit) => !unit.settled);
    const unseen = open.filter((unit) => !this.view.hasSeen(unit)).length;
    if (!unseen) return "";
    const many = (number) => `${number} sentence${number === 1 ? "" : "s"}`;
    return `${command.label}: ${many(open.length)}, ${unseen} of them not yet on the screen? ${command.key} again does it, Esc does not`;
  }

  escape() {
    this.edits.held = null;
    if (this.asked) this.asked = null;
    else if (this.finder.close());
    else if (this.edits.preview) this.edits.preview = null;
    else if (this.selection.active) this.selection.active = null;
    else if (this.selection.sel && this.selection.sel.anchor !== this.selection.sel.focus) this.selection.sel.anchor = this.selection.sel.focus;
    else if (this.toolbars.brush) this.toolbars.setBrush(this.toolbars.brush);
    else this.selection.sel = null;
    this.say(this.selection.describe(), "");
    this.draw();
  }

  onFocus() {
    if (this.mouse.drag || this.selection.sel || !this.text.tokens) return;
    if (!this.view.body.matches(":focus-visible")) return;
    this.selection.selectToken(this.text.tokenAt(this.data.units[0]?.start ?? 0));
    this.draw();
  }

  style() {
    const colors = new Map(this.data.types.map((type) => [type.name, type.color]));
    return {
      color: (label) => colors.get(label) ?? "#6f7780",
      covers: this.data.covers && new Set(this.data.covers),
      key: JSON.stringify([this.data.types.map((type) => [type.name, type.color]), this.data.covers]),
    };
  }

  draw() {
    this.view.setMarks(this.edits.mentions, this.showLayers ? this.data.layers : [], this.style());
    this.drawOverlay();
    this.drawSaved();
    this.toolbars.markActions();
    this.finder.draw();
    this.view.body.setAttribute("aria-busy", String(Boolean(this.outbox.waiting)));
    this.root.classList.toggle("bse-waiting", Boolean(this.outbox.waiting));
  }

  drawOverlay() {
    if (!this.text) return;
    const { view } = this;
    view.clearOverlay();
    const mention = this.selection.mention();
    const range = this.selection.range();
    for (const { fragments } of this.edits.mentions)
      fragments.slice(1).forEach(([start], at) => view.drawBoxes(fragments[at][1], start, "bse-joined"));
    if (this.data.units.length > 1) for (const unit of this.data.units) view.drawState(unit);
    for (const { places } of this.data.clashes) for (const [start, end] of places) view.drawBoxes(start, end, "bse-clash");
    if (this.edits.preview) for (const [start, end] of this.edits.preview.ranges) view.drawBoxes(start, end, "bse-occurrence");
    let boxes = [];
    if (range && (!mention || range[0] !== startOf(mention) || range[1] !== endOf(mention))) boxes = view.drawBoxes(...range, "bse-selection");
    if (mention) {
      const parts = this.mouse.drag?.kind === "resize" && this.mouse.drag.range ? [this.mouse.drag.range] : mention.fragments;
      boxes = parts.flatMap(([start, end]) => view.drawBoxes(start, end, "bse-active"));
      if (parts.length === 1 && boxes.length && !this.data.read_only) this.drawHandles(boxes);
    }
    if (boxes.length && !this.mouse.drag && this.revealed !== this.selection.active + range) {
      boxes.at(-1).scrollIntoView({ block: "nearest" });
      boxes[0].scrollIntoView({ block: "nearest" });
      this.revealed = this.selection.active + range;
    }
  }

  drawHandles(boxes) {
    for (const [side, box] of [["start", boxes[0]], ["end", boxes.at(-1)]]) {
      const handle = element("div", { class: `bse-handle bse-${side}`, title: "Drag to resize" });
      handle.addEventListener("mousedown", (event) => this.mouse.startResize(event, side));
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

  toggleLayers() {
    this.showLayers = !this.showLayers;
    const names = this.data.layers.map((layer) => layer.title).join(", ");
    this.say(this.showLayers ? `Lines under the text: ${names || "no other layer"}` : "Other layers hidden", "");
    this.draw();
  }
}
