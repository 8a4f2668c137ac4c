// The keys: which does what, on the text and in the toolbars.

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
  ["V", "take the first concept that is offered under the mention"],
  ["Shift + V", "find a concept by typing: ↑ ↓ choose, Enter takes"],
  ["C", "keep the concept's id after another type or other limits"],
  ["Shift + C", "take the concept off"],
  ["A", "take over the mark of another layer at the selection"],
  ["Shift + A", "take over all predictions beside the marks: preview, then Enter"],
  ["E", "every occurrence in this text: preview, then Enter"],
  ["Shift + E", "delete every occurrence: preview, then Enter"],
  ["Ctrl + Z  U", "undo"],
  ["Ctrl + Shift + Z  Ctrl + Y  Shift + U", "redo"],
  ["L", "show or hide the other layers"],
  ["J", "hold the mention, then J on other words: a part of it, or no longer one"],
  ["Esc", "let go of the mention, then of the selection"],
  ["Drag, double-click", "select whole words (Alt: exact characters)"],
  ["Ctrl + drag or click", "add a part to the selected mention, or take one off"],
  ["Drag a handle", "resize the selected mention"],
  ["Shift + click on a type", "keep it: each drag or double-click then marks that type"],
];

class Keys {
  constructor(editor) {
    this.editor = editor;
  }

  press(event) {
    if (event.target.closest?.(".bse-find")) return this.editor.finder.onKey(event);
    if (event.target.closest?.(".bse-search")) return this.editor.toolbars.onSearchKey(event);
    const inText = event.target === this.editor.view.body;
    if (event.key === "Escape" && !this.editor.toolbars.help.hidden) return this.handled(event, () => this.editor.toolbars.toggleHelp());
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
    this.editor.toolbars.hidePop();
    action();
  }

  actionFor(event) {
    const { key, code, shiftKey, altKey } = event;
    const control = event.ctrlKey || event.metaKey;
    const horizontal = key === "ArrowLeft" ? -1 : key === "ArrowRight" ? 1 : 0;
    if (horizontal) return () => this.editor.selection.arrow(horizontal, { shift: shiftKey, alt: altKey, control });
    if (key === "ArrowUp" || key === "ArrowDown") return () => this.editor.selection.moveLine(key === "ArrowUp" ? -1 : 1, shiftKey);
    if (key === "Home" || key === "End") return () => this.editor.selection.moveEnd(key === "Home" ? -1 : 1, control, shiftKey);
    if (control && !altKey && (key === "z" || key === "Z")) return () => this.editor.edits.travel(shiftKey ? "redo" : "undo");
    if (control && !altKey && (key === "y" || key === "Y")) return () => this.editor.edits.travel("redo");
    if (key === "Escape") return () => this.editor.escape();
    if (key === "Enter" && this.editor.edits.preview && !control) return () => this.editor.edits.acceptPreview();
    const command = this.editor.data.commands.find((one) => one.key === chord(event));
    if (command) return () => event.repeat || this.editor.command(command);
    if (control || altKey) return null;
    if (key === "Delete" || key === "Backspace") return () => this.editor.edits.remove();
    const digit = /^(?:Digit|Numpad)([0-9])$/.exec(code);
    if (digit) {
      const type = this.editor.data.types[(Number(digit[1]) + 9) % 10 + (shiftKey ? 10 : 0)];
      return type ? () => this.editor.edits.giveType(type.name) : () => this.editor.say("No type has this key", "");
    }
    if (key === "?") return () => this.editor.toolbars.toggleHelp();
    return this.letters(key);
  }

  letters(key) {
    const actions = {
      n: () => this.editor.selection.neighbour(1),
      p: () => this.editor.selection.neighbour(-1),
      o: () => this.editor.selection.cycle(),
      x: () => this.editor.edits.remove(),
      s: () => this.editor.edits.secondBest(),
      e: () => this.editor.edits.offerOccurrences(false),
      E: () => this.editor.edits.offerOccurrences(true),
      v: () => this.editor.finder.takeFirst(),
      V: () => this.editor.finder.open(),
      c: () => this.editor.finder.keepConcepts(),
      C: () => this.editor.finder.identify("", ""),
      a: () => this.editor.edits.takeHere(),
      A: () => this.editor.edits.offerPredictions(),
      u: () => this.editor.edits.travel("undo"),
      U: () => this.editor.edits.travel("redo"),
      j: () => this.editor.edits.join(),
      l: () => this.editor.toggleLayers(),
      t: () => this.editor.toolbars.openSearch(),
    };
    return actions[key] ?? null;
  }
}

function chord(event) {
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push("Ctrl");
  if (event.altKey) parts.push("Alt");
  if (event.shiftKey) parts.push("Shift");
  parts.push(event.key.length === 1 ? event.key.toUpperCase() : event.key);
  return parts.join("+");
}
