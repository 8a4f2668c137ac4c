// What is clicked around the text: types, actions, the pop-up beside a selection, the list of keys.

class Toolbars {
  constructor(editor) {
    this.editor = editor;
    this.brush = null;
    this.palette = element("div", { class: "bse-palette", role: "toolbar", "aria-label": "Entity types" });
    this.actions = element("div", { class: "bse-actions", role: "toolbar", "aria-label": "Actions" });
    this.pop = element("div", { class: "bse-pop", role: "toolbar", "aria-label": "Selection", hidden: true });
    this.help = element("div", { class: "bse-help", role: "dialog", "aria-label": "Keys", hidden: true });
  }

  setBrush(label) {
    this.brush = this.brush === label ? null : label;
    this.editor.say(this.brush ? `Each drag or double-click now marks ${label}` : "Drags only select", "");
    this.markPalette();
  }

  typeButton(type, index, onclick) {
    const isCovered = !this.editor.data.covers || this.editor.data.covers.includes(type.name);
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
    const same = before && JSON.stringify([before.types, before.covers]) === JSON.stringify([this.editor.data.types, this.editor.data.covers]);
    if (same) return;
    this.palette.textContent = "";
    this.editor.data.types.forEach((type, index) =>
      this.palette.append(this.typeButton(type, index, (event) => {
        this.hidePop();
        if (event.shiftKey) this.setBrush(type.name);
        else this.editor.edits.giveType(type.name);
      })),
    );
    this.search = element("input", { class: "bse-search", type: "text", placeholder: "Type … (T)", "aria-label": "Choose a type by name", list: "bse-types" });
    const names = element("datalist", { id: "bse-types" }, ...this.editor.data.types.map((type) => element("option", { value: type.name })));
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
    this.editor.view.body.focus({ preventScroll: true });
    if (event.key === "Escape" || !wanted) return;
    const names = this.editor.data.types.map((type) => type.name);
    const found = names.find((name) => name.toLowerCase() === wanted) ?? names.find((name) => name.toLowerCase().startsWith(wanted));
    if (found) this.editor.edits.giveType(found);
    else this.editor.say(`No type is called “${wanted}”`, "bad");
  }

  button(label, title, onclick, name) {
    const made = element("button", { type: "button", class: "bse-action", title, "data-action": name, onclick }, label);
    made.addEventListener("mousedown", (event) => event.preventDefault());
    return made;
  }

  drawActions(before) {
    if (before && JSON.stringify(before.commands) === JSON.stringify(this.editor.data.commands)) return;
    this.actions.textContent = "";
    const plain = [
      ["Undo", "Ctrl+Z", () => this.editor.edits.travel("undo"), "undo"],
      ["Redo", "Ctrl+Shift+Z", () => this.editor.edits.travel("redo"), "redo"],
      ["Delete", "Delete or X", () => this.editor.edits.remove(), "delete"],
      ["Second best", "S", () => this.editor.edits.secondBest(), "second"],
      ["Take over", "A", () => this.editor.edits.takeHere(), "take"],
      ["Every occurrence", "E", () => this.editor.edits.offerOccurrences(false), "every"],
      ["Do it", "Enter", () => this.editor.edits.acceptPreview(), "confirm"],
      ["Layers", "L", () => this.editor.toggleLayers(), "layers"],
      ["Keys ?", "?", () => this.toggleHelp(), "help"],
    ];
    for (const [label, key, action, name] of plain)
      this.actions.append(this.button(label, `Key: ${key}`, () => { this.hidePop(); action(); }, name));
    const gap = element("span", { class: "bse-gap" });
    const verdicts = element("span", { class: "bse-verdicts" });
    this.actions.append(gap, verdicts);
    for (const command of this.editor.data.commands) {
      const made = this.button(command.label, `${command.title} (${command.key})`, () => this.editor.command(command), command.name);
      made.classList.add("bse-command");
      if (command.primary) made.classList.add("bse-primary");
      made.append(element("kbd", {}, command.key.replace("Shift+", "⇧").replace("Enter", "⏎")));
      if (command.needs_selection) gap.before(made);
      else verdicts.append(made);
    }
  }

  markActions() {
    const enabled = {
      undo: this.editor.edits.history.undo.length > 0,
      redo: this.editor.edits.history.redo.length > 0,
      delete: Boolean(this.editor.selection.mention() || this.editor.selection.sel),
      second: Boolean(this.editor.selection.mention()?.alternatives.length),
      take: Boolean(this.editor.selection.sel && this.editor.edits.offered(...this.editor.selection.range()).length),
      every: Boolean(this.editor.selection.mention()),
      layers: this.editor.data.layers.length > 0,
    };
    for (const command of this.editor.data.commands)
      if (command.needs_selection) enabled[command.name] = Boolean(this.editor.selection.sel);
    for (const button of this.actions.querySelectorAll("[data-action]")) {
      const name = button.dataset.action;
      if (name in enabled) button.disabled = !enabled[name];
      if (name === "confirm") button.hidden = !this.editor.edits.preview;
      if (name === "layers") button.setAttribute("aria-pressed", String(this.editor.showLayers));
    }
    makeOnlyStop(this.actions);
  }

  toggleHelp() {
    this.help.hidden = !this.help.hidden;
    if (this.help.hidden) {
      this.editor.view.body.focus({ preventScroll: true });
      return;
    }
    const commands = this.editor.data.commands.map((one) => [one.key, one.title]);
    const rows = [...KEYS, ...commands, ["?", "show or hide these keys"]];
    this.help.textContent = "";
    const list = element("dl", {}, ...rows.flatMap(([keys, what]) => [element("dt", {}, keys), element("dd", {}, what)]));
    this.help.append(this.button("Close", "Esc", () => this.toggleHelp(), "close"), list);
  }

  // The types beside the selection, for those who work by mouse.
  showPop() {
    const range = this.editor.selection.range();
    if (!range || this.editor.data.read_only) return;
    this.pop.textContent = "";
    const mention = this.editor.selection.mention();
    const run = (action) => () => {
      this.hidePop();
      this.editor.view.body.focus({ preventScroll: true });
      action();
    };
    this.editor.data.types.forEach((type, index) => this.pop.append(this.typeButton(type, index, run(() => this.editor.edits.giveType(type.name)))));
    for (const { layer, mention: one } of this.editor.edits.offered(...range)) {
      const title = `Take over ${describe(this.editor.text, one)} (${layer.title})`;
      this.pop.append(this.button(`Take ${one.label}`, title, run(() => this.editor.edits.take(one)), "pop-take"));
    }
    if (mention) {
      this.pop.append(this.button("Delete", "Delete", run(() => this.editor.edits.remove()), "pop-delete"));
      if (mention.alternatives.length) this.pop.append(this.button("Second best", "S", run(() => this.editor.edits.secondBest()), "pop-second"));
      this.pop.append(this.button("Every occurrence", "E", run(() => this.editor.edits.offerOccurrences(false)), "pop-every"));
    }
    if (mention && this.editor.finder.isOffering()) this.pop.append(element("div", { class: "bse-pop-concepts" }, ...this.editor.finder.contents(mention)));
    this.pop.hidden = false;
    const box = this.editor.view.boxes(...range).at(-1);
    if (box) this.putUnder(this.pop, box);
  }

  // Put something under a place of the text, within the editor's width.
  putUnder(what, box) {
    const sheet = this.editor.view.sheet.getBoundingClientRect();
    const root = this.editor.root.getBoundingClientRect();
    const left = box.left + sheet.left - root.left;
    what.style.left = `${Math.max(0, Math.min(left, root.width - what.offsetWidth - 4))}px`;
    what.style.top = `${box.bottom + sheet.top - root.top + 10}px`;
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
