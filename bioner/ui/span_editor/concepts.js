// Which concept the selected mention stands for: shown under it, offered, found by typing, taken.

const SHOWN = 3; // concepts offered under a mention; the others are found by typing
const PAUSE = 250; // milliseconds without a key before Python is asked

class Finder {
  constructor(editor) {
    this.editor = editor;
    this.strip = element("div", { class: "bse-concepts", role: "toolbar", "aria-label": "Concept", hidden: true });
    this.closed = null; // the mention under which it was closed
    this.typing = false;
    this.at = 0; // which of what was found Enter takes
    this.gone = null; // the concepts of the mention that was changed last
  }

  get known() {
    return this.editor.data.concepts;
  }

  keyOf(mention) {
    return `${surfaceOf(this.editor.text, mention)}\n${mention.label}`;
  }

  // What a mention may stand for; null where Python has not said so yet.
  offersFor(mention) {
    return this.known?.offers[this.keyOf(mention)] ?? null;
  }

  nameOf(id) {
    return this.known?.names[id] ?? "";
  }

  // The concept in words: "NCBITaxon:9606 Homo sapiens".
  say(mention) {
    const told = conceptsOf(mention);
    const names = (mention.concepts ?? []).map(([, id]) => this.nameOf(id)).filter(Boolean);
    return [told, ...names.map(shorten)].filter(Boolean).join(" ");
  }

  // Ask Python for what it has not said: what this mention may stand for, or what is typed.
  ask(typed) {
    const mention = this.editor.selection.mention();
    if (!mention || !this.known) return;
    const wanted = { surface: surfaceOf(this.editor.text, mention), label: mention.label, typed };
    if (JSON.stringify(wanted) === this.wanted) return;
    this.wanted = JSON.stringify(wanted);
    this.editor.outbox.setStateValue("wanted", wanted);
  }

  draw() {
    const mention = this.editor.selection.mention();
    const active = mention && identity(mention);
    if (active !== this.of) {
      this.of = active;
      this.typing = false;
      clearTimeout(this.timer);
    }
    const { toolbars, mouse, root } = this.editor;
    root.classList.toggle("bse-with-concepts", this.isOffering());
    const hasUse = mention && (this.typing || this.says(mention));
    this.strip.hidden = !hasUse || this.closed === active || !toolbars.pop.hidden || Boolean(mouse.drag);
    if (mention && this.isOffering() && !this.says(mention) && !this.typing) this.askSoon("");
    if (!hasUse) return;
    if (this.typing) return this.drawFound();
    const signature = JSON.stringify([active, mention.attributes, this.offersFor(mention), this.known.names]);
    if (signature !== this.signature) {
      this.signature = signature;
      this.strip.textContent = "";
      this.strip.append(...this.contents(mention));
    }
    this.place(mention);
  }

  // Whether this project's marks are offered concepts.
  isOffering() {
    return Boolean(this.known?.vocabularies.length) && !this.editor.data.read_only;
  }

  // Whether there is something to say of a mention's concept.
  says(mention) {
    return this.isOffering() && Boolean(mention.concepts?.length || this.offersFor(mention)?.length);
  }

  askSoon(typed) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(typed), PAUSE);
  }

  // The buttons for a mention, here and in the pop-up of those who work by mouse.
  contents(mention) {
    const has = new Set((mention.concepts ?? []).map(([, value]) => value));
    const offers = (this.offersFor(mention) ?? []).filter((one) => !has.has(one.id)).slice(0, SHOWN);
    const made = offers.map((one, number) => this.offer(one, number ? "" : "V"));
    if (has.size) made.unshift(element("span", { class: "bse-concept" }, this.say(mention)));
    else if (!offers.length) made.push(element("span", { class: "bse-quiet" }, "No concept has this name"));
    made.push(this.editor.toolbars.button("Find …", "Key: Shift+V", () => this.open(), "concept-find"));
    if (has.size) made.push(this.editor.toolbars.button("None", "Key: Shift+C", () => this.take(null), "concept-none"));
    return made;
  }

  offer(one, key, isChosen = false) {
    const how = { exact: "the same name", spelling: "another spelling", abbreviation: "what the text explains it as", beginning: "begins so", similar: "looks alike", identifier: "its identifier" };
    const also = one.matched && one.matched !== one.name ? ` (${shorten(one.matched)})` : "";
    const title = [how[one.how] ?? "", one.vocabulary].filter(Boolean).join(", in ");
    const made = this.editor.toolbars.button("", title, () => this.take(one), "concept");
    made.dataset.id = one.id;
    made.setAttribute("aria-pressed", String(isChosen));
    if (key) made.append(element("kbd", {}, key));
    made.append(element("b", {}, one.id), ` ${shorten(one.name)}${also}`);
    return made;
  }

  place(mention) {
    const box = this.editor.view.boxes(startOf(mention), endOf(mention)).at(-1);
    if (box) this.editor.toolbars.putUnder(this.strip, box);
  }

  takeFirst() {
    const mention = this.editor.selection.mention();
    if (!mention) return this.editor.say("Select a mention first", "");
    if (!this.known?.vocabularies.length) return this.editor.say("This project has no vocabulary: choose one under “Project”", "");
    const has = new Set((mention.concepts ?? []).map(([, value]) => value));
    const first = this.offersFor(mention)?.find((one) => !has.has(one.id));
    if (first) return this.take(first);
    return this.editor.say("No concept is offered here: Shift+V finds one by typing", "");
  }

  take(one) {
    const typing = this.typing;
    this.typing = false;
    this.signature = null;
    if (typing) this.editor.view.body.focus({ preventScroll: true });
    this.editor.toolbars.hidePop();
    this.identify(one?.id ?? "", one?.name ?? "");
  }

  // A concept was said of the mention as it was: with another type or other limits it goes.
  letGo(mention, changed) {
    const held = mention.concepts ?? [];
    const concepts = held.length ? held : this.gone?.of === identity(mention) ? this.gone.concepts : [];
    if (!concepts.length) return "";
    changed.attributes = withoutConcepts(mention, held).attributes;
    changed.concepts = [];
    this.gone = { of: identity(changed), concepts };
    return `; no longer ${conceptsOf({ concepts })} (C keeps it)`;
  }

  // Say which concept a mention stands for, in place of what it said before; empty: none.
  identify(id, name) {
    const mention = this.editor.selection.mention();
    if (!mention) return this.editor.say("Select a mention first", "");
    const held = mention.concepts ?? [];
    if (!id && !held.length) return this.editor.say("It has no concept", "");
    if (id && held.length === 1 && held[0][1] === id) return this.editor.say(`${id} is its concept already`, "");
    const bare = withoutConcepts(mention);
    const concepts = id ? [["identifier", id]] : [];
    const changed = { ...bare, attributes: [...concepts, ...bare.attributes], concepts, status: "reviewed", score: null };
    const said = id ? `${describe(this.editor.text, mention)} is ${id} ${shorten(name)}`.trim() : `${describe(this.editor.text, mention)}: no concept`;
    this.editor.edits.commit("relabel", [mention], [changed], said);
    return this.editor.draw();
  }

  keepConcepts() {
    const mention = this.editor.selection.mention();
    if (!mention || this.gone?.of !== identity(mention)) return this.editor.say("No concept was let go here", "");
    const { concepts } = this.gone;
    const changed = { ...mention, attributes: [...concepts, ...mention.attributes], concepts };
    this.gone = null;
    this.editor.edits.commit("relabel", [mention], [changed], `Still ${conceptsOf(changed)}`);
    return this.editor.draw();
  }

  // Find by typing: a field under the mention, what is found under the field.
  open() {
    const mention = this.editor.selection.mention();
    if (!mention) return this.editor.say("Select a mention first", "");
    if (!this.known) return undefined;
    this.editor.toolbars.hidePop();
    this.typing = true;
    this.closed = null;
    this.at = 0;
    this.of = identity(mention);
    this.field = element("input", { class: "bse-find", type: "text", "aria-label": "Find a concept", placeholder: "name or identifier", value: surfaceOf(this.editor.text, mention) });
    this.field.addEventListener("input", () => {
      this.at = 0;
      this.askSoon(this.field.value.trim());
      this.drawFound();
    });
    this.list = element("div", { class: "bse-found", "aria-live": "polite" });
    this.strip.textContent = "";
    this.strip.append(this.field, this.list);
    this.strip.hidden = false;
    this.signature = null;
    this.ask(this.field.value.trim());
    this.drawFound();
    this.field.focus({ preventScroll: true });
    this.field.select();
    return undefined;
  }

  found() {
    const typed = this.field.value.trim();
    const answer = this.known?.asked;
    const isAnswered = answer && answer.typed === typed;
    const offers = isAnswered ? answer.offers.slice() : [];
    if (/^\S*[\d:]\S*$/.test(typed) && !offers.some((one) => one.id === typed)) offers.push({ id: typed, name: "as it is typed", how: "", vocabulary: "" });
    return { offers, isAnswered: isAnswered || !typed };
  }

  drawFound() {
    if (!this.typing) return;
    const mention = this.editor.selection.mention();
    const { offers, isAnswered } = this.found();
    this.at = Math.max(0, Math.min(this.at, offers.length - 1));
    this.list.textContent = "";
    this.list.append(...offers.map((one, number) => this.offer(one, number === this.at ? "⏎" : "", number === this.at)));
    const none = this.known?.vocabularies.length ? "Nothing is called so" : "No vocabulary is chosen under “Project”: type an identifier";
    if (!offers.length) this.list.append(element("span", { class: "bse-quiet" }, isAnswered ? none : "Looking …"));
    if (mention) this.place(mention);
  }

  onKey(event) {
    event.stopPropagation();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step && event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault();
    if (step) {
      this.at += step;
      this.drawFound();
    } else if (event.key === "Escape") {
      this.typing = false;
      this.signature = null;
      this.editor.view.body.focus({ preventScroll: true });
      this.editor.draw();
    } else {
      const { offers, isAnswered } = this.found();
      if (offers[this.at] && (isAnswered || this.at > 0 || offers.length === 1)) this.take(offers[this.at]);
    }
  }

  // Escape closes it under this mention; whether there was something to close.
  close() {
    if (this.strip.hidden) return false;
    this.closed = this.of;
    return true;
  }
}

function withoutConcepts(mention, held = mention.concepts ?? []) {
  const attributes = mention.attributes.filter(([key, value]) => !held.some((one) => one[0] === key && one[1] === value));
  return { ...mention, attributes, concepts: [] };
}

function conceptsOf(mention) {
  return (mention.concepts ?? []).map(([, value]) => shorten(value.replace("\t", " "))).join(", ");
}
