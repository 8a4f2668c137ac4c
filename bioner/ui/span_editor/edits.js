// What a reviewer changes: mentions added, relabelled, resized, deleted, in batches, undone, redone.

class Edits {
  constructor(editor) {
    this.editor = editor;
    this.mentions = [];
    this.history = { undo: [], redo: [] };
    this.preview = null; // a batch waiting for Enter
    this.held = null; // the mention that waits for another part
  }

  // What Python has, and on it what is still on its way there.
  rebuild() {
    let mentions = this.editor.data.mentions.slice().sort(compareMentions);
    const history = { undo: this.editor.data.undo.slice(), redo: this.editor.data.redo.slice() };
    for (const operation of this.editor.outbox.operations) {
      if (operation.view !== this.editor.data.view || operation.kind === "command") continue;
      const next = applyOperation(mentions, operation);
      if (!next) continue;
      mentions = next;
      foldHistory(history, operation);
    }
    this.mentions = mentions;
    this.history = history;
    if (this.editor.selection.active && !this.editor.selection.mention()) this.editor.selection.active = null;
  }

  // Make an edit: shown at once, sent at once, kept until Python has answered.
  commit(kind, removed, added, said, among = null) {
    if (this.editor.data.read_only) return this.editor.say("This text is read-only here", "bad");
    if (this.editor.outbox.waiting) return this.editor.say("One moment: the next text is on its way", "");
    const outside = [...removed, ...added].some((one) => !this.isEditable(one));
    if (outside) return this.editor.say(this.editor.data.outside, "bad");
    const operation = { kind, removed, added, units: this.touched({ removed, added, among }) };
    const next = applyOperation(this.mentions, operation);
    if (!next) return this.editor.say("That mention is not there any more", "bad");
    this.mentions = next;
    foldHistory(this.history, operation);
    this.editor.enqueue(operation);
    this.editor.outbox.send();
    this.editor.say(said, "");
    return undefined;
  }

  isEditable(mention) {
    return this.editor.data.units.some((unit) => isWithin(mention, unit));
  }

  // The units (queue items) that an operation changes; all that are open where it changes no mention.
  touched({ removed = [], added = [], among = null }) {
    const changed = [...removed, ...added];
    return this.editor.data.units
      .filter((unit) => !among?.length || among.includes(unit.id))
      .filter((unit) => !changed.length || changed.some((one) => isWithin(one, unit)))
      .map((unit) => ({ id: unit.id, base: unit.base }));
  }

  giveType(label) {
    if (this.preview) return;
    const mention = this.editor.selection.mention();
    if (mention) return this.relabel(mention, label);
    const range = this.editor.selection.range();
    if (!range) return this.editor.toolbars.setBrush(label);
    this.addMention(range, label);
  }

  addMention([start, end], label) {
    const same = this.mentions.find((one) => one.label === label && one.fragments.length === 1 && startOf(one) === start && endOf(one) === end);
    if (same) {
      this.editor.selection.selectMention(same);
      this.editor.draw();
      return this.editor.say(`${label} is already there`, "");
    }
    const over = this.editor.selection.touching(start, end);
    const added = newMention([[start, end]], label);
    const tail = over.length ? `; it overlaps ${describe(this.editor.text, over[0])}` : "";
    this.commit("add", [], [added], `Added ${describe(this.editor.text, added)}${tail}`);
    if (this.mentions.includes(added)) this.editor.selection.selectMention(added);
    this.editor.draw();
  }

  relabel(mention, label) {
    if (label === mention.label && mention.status !== "predicted")
      return this.editor.say(`${describe(this.editor.text, mention)} already has this type`, "");
    const alternatives = mention.alternatives.filter((one) => one.label !== label);
    if (label !== mention.label) alternatives.unshift({ label: mention.label, score: mention.score ?? 0 });
    const changed = { ...mention, label, status: "reviewed", score: null, alternatives };
    if (label !== mention.label) changed.source_label = "";
    if (label !== mention.label && this.mentions.some((one) => identity(one) === identity(changed)))
      return this.editor.say(`${describe(this.editor.text, changed)} is already there`, "");
    const said = label === mention.label ? `Confirmed ${describe(this.editor.text, changed)}` : `${mention.label} became ${describe(this.editor.text, changed)}`;
    const aside = label === mention.label ? "" : this.editor.finder.letGo(mention, changed);
    this.commit("relabel", [mention], [changed], said + aside);
    if (this.mentions.includes(changed)) this.editor.selection.active = identity(changed);
    this.editor.draw();
  }

  // Add a part to a mention, or take off the one at this place: a discontinuous mention.
  turnPart(mention, [start, end]) {
    const meets = ([from, to]) => from < end && start < to;
    const held = mention.fragments.filter(meets);
    const rest = mention.fragments.filter((part) => !meets(part));
    const isInside = held.length === 1 && held[0][0] <= start && end <= held[0][1];
    if (isInside && !rest.length) return this.editor.say("A mention keeps at least one part", "");
    const edges = held.flat();
    const joined = isInside ? rest : [...rest, [Math.min(start, ...edges), Math.max(end, ...edges)]];
    const fragments = joined.sort((a, b) => a[0] - b[0]);
    const changed = { ...mention, fragments, status: "reviewed", score: null };
    if (this.mentions.some((one) => one !== mention && identity(one) === identity(changed)))
      return this.editor.say(`${describe(this.editor.text, changed)} is already there`, "");
    const aside = this.editor.finder.letGo(mention, changed);
    const parts = fragments.length > 1 ? `; training sees ${fragments.length} parts as one, with what lies between` : "";
    this.commit("resize", [mention], [changed], `Now ${describe(this.editor.text, changed)}${parts}${aside}`);
    if (this.mentions.includes(changed)) this.editor.selection.selectMention(changed);
    this.editor.draw();
    return undefined;
  }

  // By keys: J on a mention holds it, J on other words makes them a part of it.
  join() {
    const { selection } = this.editor;
    const held = this.mentions.find((one) => identity(one) === this.held);
    const range = selection.range();
    if (!held) {
      const mention = selection.mention();
      if (!mention) return this.editor.say("Select a mention first, then J, then its other part", "");
      this.held = identity(mention);
      return this.editor.say(`${describe(this.editor.text, mention)}: select its other part, J joins it (Esc lets go)`, "ask");
    }
    this.held = null;
    return this.turnPart(held, range);
  }

  resize(mention, start, end) {
    if (mention.fragments.length > 1)
      return this.editor.say("A mention in several parts: Ctrl + click or drag adds a part, or takes one off", "bad");
    if (!(start < end) || (start === startOf(mention) && end === endOf(mention))) return undefined;
    const changed = { ...mention, fragments: [[start, end]], status: "reviewed", score: null };
    if (this.mentions.some((one) => one !== mention && identity(one) === identity(changed)))
      return this.editor.say(`${describe(this.editor.text, changed)} is already there`, "");
    const aside = this.editor.finder.letGo(mention, changed);
    this.commit("resize", [mention], [changed], `Now ${describe(this.editor.text, changed)}${aside}`);
    if (this.mentions.includes(changed)) this.editor.selection.selectMention(changed);
    this.editor.draw();
    return undefined;
  }

  remove() {
    const mention = this.editor.selection.mention();
    const range = this.editor.selection.range();
    const doomed = mention
      ? [mention]
      : range
        ? this.mentions.filter((one) => range[0] <= startOf(one) && endOf(one) <= range[1])
        : [];
    if (!doomed.length) return this.editor.say("No mention is selected", "");
    const said = doomed.length === 1 ? `Deleted ${describe(this.editor.text, doomed[0])}` : `Deleted ${doomed.length} mentions`;
    this.commit("delete", doomed, [], said);
    this.editor.selection.active = null;
    this.editor.draw();
  }

  secondBest() {
    const mention = this.editor.selection.mention();
    if (!mention) return this.editor.say("Select a mention first", "");
    if (!mention.alternatives.length) return this.editor.say("There is no second-best type for it", "");
    const best = mention.alternatives.reduce((a, b) => (b.score > a.score ? b : a));
    this.relabel(mention, best.label);
  }

  travel(kind) {
    const group = this.history[kind][this.history[kind].length - 1];
    if (!group) {
      const waits = this.editor.data.more[kind] && this.editor.outbox.length;
      return this.editor.say(waits ? "One moment: earlier edits are on their way" : `Nothing to ${kind}`, "");
    }
    const [removed, added] = kind === "undo" ? [group.added, group.removed] : [group.removed, group.added];
    this.preview = null;
    this.commit(kind, removed, added, kind === "undo" ? "Undone" : "Redone", group.units);
    this.editor.selection.active = null;
    if (added.length === 1) this.editor.selection.selectMention(added[0]);
    this.editor.draw();
  }

  offerOccurrences(deleting) {
    const mention = this.editor.selection.mention();
    if (!mention) return this.editor.say("Select a mention first: every occurrence gets its type", "");
    if (mention.fragments.length > 1) return this.editor.say("A mention in several parts has no other occurrences", "");
    const surface = surfaceOf(this.editor.text, mention);
    const removed = [];
    const added = [];
    const ranges = [];
    let beyond = 0;
    for (const [start, end] of this.editor.text.occurrences(startOf(mention), endOf(mention))) {
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
        added.push(same.length === 1 ? withoutConcepts({ ...same[0], label: mention.label, source_label: "", status: "reviewed", score: null }) : made);
        ranges.push([start, end]);
      }
    }
    const aside = beyond ? `; ${beyond} outside what is open here` : "";
    if (!ranges.length) return this.editor.say(`No further “${surface}” here${aside}`, "");
    this.preview = { kind: "batch", removed, added, ranges };
    this.editor.say(`${deleting ? "Delete" : "Mark"} ${ranges.length} × “${surface}” as ${mention.label}${aside}? Enter does it, Esc does not`, "ask");
    this.editor.draw();
  }

  // The marks of the layers shown that touch a range, could be made here and are not there yet.
  offered(start, end) {
    const { data, showLayers } = this.editor;
    if (!showLayers) return [];
    const touches = (one) => one.fragments.some(([from, to]) => from < end && start < to);
    const taken = new Set(this.mentions.map(markOf));
    const found = data.layers.flatMap((layer) => layer.mentions.map((mention) => ({ layer, mention })));
    return found.filter(({ mention }) => {
      if (!touches(mention) || !this.isEditable(mention) || taken.has(markOf(mention))) return false;
      taken.add(markOf(mention)); // another layer may have the same one
      return true;
    });
  }

  // Make a layer's mark one's own; one at the very same place gives way to it.
  take(one) {
    const removed = this.mentions.filter((own) => isSamePlace(own, one));
    const added = takenOver(one);
    this.commit(removed.length ? "batch" : "add", removed, [added], `Took over ${describe(this.editor.text, added)}`);
    if (this.mentions.includes(added)) this.editor.selection.selectMention(added);
    this.editor.draw();
  }

  takeHere() {
    const range = this.editor.selection.range();
    const [first] = range ? this.offered(...range) : [];
    if (first) return this.take(first.mention);
    return this.editor.say(range ? "No other layer has a mark here" : "Select the place of a mark under the text first", "");
  }

  // Offer every prediction shown that meets no mark of one's own.
  offerPredictions() {
    const isNew = (one) => !this.mentions.some((own) => meet(own, one));
    const found = this.offered(0, this.editor.text.length).filter(({ layer, mention }) => layer.name === "prediction" && isNew(mention));
    const kept = found.filter(({ mention }, at) => !found.slice(0, at).some((one) => meet(one.mention, mention)));
    if (!kept.length) return this.editor.say("No prediction shown stands beside the marks", "");
    const added = kept.map(({ mention }) => takenOver(mention));
    this.preview = { kind: "batch", removed: [], added, ranges: added.flatMap((one) => one.fragments) };
    this.editor.say(`Take over ${added.length} prediction${added.length === 1 ? "" : "s"}? Enter does it, Esc does not`, "ask");
    return this.editor.draw();
  }

  acceptPreview() {
    const { kind, removed, added, ranges } = this.preview;
    this.preview = null;
    this.commit(kind, removed, added, `${added.length || removed.length} changed as one`);
    this.editor.draw();
  }
}

function isWithin(mention, unit) {
  return unit.start <= startOf(mention) && endOf(mention) <= unit.end;
}

function markOf(mention) {
  return JSON.stringify([mention.fragments, mention.label]);
}

function isSamePlace(a, b) {
  return JSON.stringify(a.fragments) === JSON.stringify(b.fragments);
}

// All that a layer says of a mention, its concept too; its id is that of the layer's own relations.
function takenOver(mention) {
  return { ...mention, status: "reviewed", score: null, id: "" };
}

function newMention(fragments, label) {
  return { fragments, label, source_label: "", status: "reviewed", score: null, alternatives: [], attributes: [], id: "" };
}

function describe(text, mention) {
  return `${mention.label} “${shorten(surfaceOf(text, mention))}”`;
}
