// The mouse: drags and clicks on the text select, drags on a handle resize.

class Mouse {
  constructor(editor) {
    this.editor = editor;
    this.drag = null;
  }

  press(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    this.editor.view.body.focus({ preventScroll: true });
    this.editor.toolbars.hidePop();
    const glyph = this.editor.view.glyphAt(event.clientX, event.clientY);
    const offset = this.editor.view.offsetAt(event.clientX, event.clientY);
    if (offset === null) return;
    this.drag = { kind: "select", x: event.clientX, y: event.clientY, offset, glyph, clicks: event.detail, extend: event.shiftKey, moved: false };
    if (event.ctrlKey || event.metaKey) this.drag.part = this.editor.selection.mention();
  }

  move(event) {
    const { drag } = this;
    if (!drag) return;
    if (!drag.moved && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < 4) return;
    drag.moved = true;
    const offset = this.editor.view.offsetAt(event.clientX, event.clientY);
    if (offset === null) return;
    drag.range = drag.kind === "select" ? this.draggedRange(drag, offset, event.altKey) : this.resizedRange(drag, offset, event.altKey);
    if (drag.range && drag.kind === "select") this.editor.selection.set(drag.range);
    this.editor.drawOverlay();
    if (drag.range) this.editor.info.textContent = `“${shorten(this.editor.text.slice(...drag.range))}”`;
  }

  draggedRange(drag, offset, exact) {
    let [start, end] = [Math.min(drag.offset, offset), Math.max(drag.offset, offset)];
    if (start === end) [start, end] = [drag.glyph, drag.glyph + 1];
    return exact ? [start, end] : this.editor.text.snap(start, end);
  }

  resizedRange(drag, offset, exact) {
    const [start, end] = drag.side === "start" ? [Math.min(offset, drag.end - 1), drag.end] : [drag.start, Math.max(offset, drag.start + 1)];
    const snapped = exact ? [start, end] : this.editor.text.snap(start, end);
    if (!snapped) return null;
    return drag.side === "start" ? [snapped[0], drag.end] : [drag.start, snapped[1]];
  }

  release(event) {
    const { drag } = this;
    if (!drag) return;
    this.drag = null;
    window.getSelection()?.removeAllRanges();
    if (drag.kind === "resize") {
      const mention = this.editor.selection.mention();
      if (drag.range && mention) this.editor.edits.resize(mention, ...drag.range);
    } else if (drag.moved) {
      if (drag.range && drag.part) this.editor.edits.turnPart(drag.part, drag.range);
      else if (drag.range) this.finishSelection(drag.range);
    } else {
      this.click(drag, event.altKey);
    }
    this.editor.draw();
  }

  finishSelection(range) {
    this.editor.selection.set(range);
    const found = this.editor.selection.exactly(...range);
    if (found) this.editor.selection.active = identity(found);
    if (this.editor.toolbars.brush && !found) return this.editor.edits.addMention(range, this.editor.toolbars.brush);
    this.editor.say(this.editor.selection.describe(), "");
    this.editor.toolbars.showPop();
  }

  click(drag) {
    if (!this.editor.text.tokens) return;
    const token = this.editor.text.tokenAt(drag.glyph);
    const range = [this.editor.text.starts[token], this.editor.text.ends[token]];
    if (drag.part) return this.editor.edits.turnPart(drag.part, range);
    if (drag.clicks >= 2) return this.finishSelection(range);
    if (drag.extend && this.editor.selection.sel) {
      const { anchor } = this.editor.selection.sel;
      this.editor.selection.set(range, { extend: anchor });
      return this.finishSelection(this.editor.selection.range());
    }
    const found = this.editor.selection.touching(drag.glyph, drag.glyph + 1);
    if (found.length) {
      const index = found.findIndex((one) => identity(one) === this.editor.selection.active);
      this.editor.selection.selectMention(found[(index + 1) % found.length]);
      this.editor.say(this.editor.selection.describe(), "");
      this.editor.toolbars.showPop();
    } else {
      const [offer] = this.editor.edits.offered(drag.glyph, drag.glyph + 1);
      this.editor.selection.set(offer ? [startOf(offer.mention), endOf(offer.mention)] : range);
      if (offer) this.editor.toolbars.showPop();
      this.editor.say(this.editor.selection.describe(), "");
    }
  }

  startResize(event, side) {
    event.preventDefault();
    event.stopPropagation();
    const mention = this.editor.selection.mention();
    this.editor.toolbars.hidePop();
    this.drag = { kind: "resize", side, start: startOf(mention), end: endOf(mention), x: event.clientX, y: event.clientY, moved: false };
  }

  copy(event) {
    const range = this.editor.selection.range();
    if (!range || !window.getSelection().isCollapsed) return;
    event.clipboardData.setData("text/plain", this.editor.text.slice(...range));
    event.preventDefault();
  }
}
