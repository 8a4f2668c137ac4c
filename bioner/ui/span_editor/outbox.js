// The outbox: one's operations in their order, kept until Python names each as saved or refused.
// It is the component's state, which the browser repeats; it survives a reload of the tab.

const OUTBOX = "bioner-span-editor-outbox";
const TAB = "bioner-span-editor-tab";
const RESEND = 5000; // milliseconds without an answer

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

class Outbox {
  constructor() {
    this.operations = [];
    this.waiting = null; // id of a command that leads to another text
    this.tab = readStored(TAB, null) ?? freshId();
    store(TAB, this.tab);
  }

  get length() {
    return this.operations.length;
  }

  // Take the way to Python; at the first time also what an earlier load of the tab left unsent.
  connect(editor, setStateValue) {
    const isFirst = !this.setStateValue;
    this.key = `${OUTBOX}:${editor}`;
    this.setStateValue = setStateValue;
    if (isFirst) this.operations = readStored(this.key, []);
    return isFirst && this.length > 0;
  }

  // Drop what Python has answered; return why the first of ours was refused, or null.
  answer({ acknowledged, refused }, isOther) {
    const reasons = new Map(refused.map((one) => [one.op_id, one.reason]));
    const answered = new Set([...acknowledged, ...reasons.keys()]);
    const ours = this.operations.filter((one) => reasons.has(one.op_id));
    this.operations = this.operations.filter((one) => !answered.has(one.op_id));
    this.keep();
    if (this.waiting && (answered.has(this.waiting) || isOther)) this.waiting = null;
    return ours.length ? reasons.get(ours[0].op_id) : null;
  }

  add(operation) {
    const seq = (readStored(`${TAB}:seq`, 0) || 0) + 1;
    store(`${TAB}:seq`, seq);
    const made = { op_id: freshId(), seq, ...operation };
    this.operations.push(made);
    return made;
  }

  send() {
    this.keep();
    this.setStateValue("operations", this.operations);
    this.arm();
  }

  keep() {
    store(this.key, this.operations);
  }

  arm() {
    clearTimeout(this.timer);
    if (this.length) this.timer = setTimeout(() => this.send(), RESEND);
  }

  close() {
    clearTimeout(this.timer);
  }
}
