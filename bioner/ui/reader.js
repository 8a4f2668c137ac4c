// Draws the reading view that Python has escaped, and says which mention was chosen.
const ELEMENTS = new Set(["DIV", "SPAN"]);
const ATTRIBUTES = new Set([
  "class", "style", "data-label", "data-m", "role", "tabindex", "aria-label", "title",
]);

// A template's content is inert: nothing is fetched or run before this check has passed.
function parse(markup) {
  const template = document.createElement("template");
  template.innerHTML = markup;
  for (const element of template.content.querySelectorAll("*")) {
    const known = [...element.attributes].every((one) => ATTRIBUTES.has(one.name));
    if (!ELEMENTS.has(element.tagName) || !known) {
      throw new Error(`unexpected element in the reading view: ${element.tagName}`);
    }
  }
  return template.content;
}

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".bn-reader");
  if (root.drawn !== data.html) {
    root.replaceChildren(parse(data.html));
    root.drawn = data.html;
  }
  const show = (key) => {
    for (const piece of root.querySelectorAll("[data-m]")) {
      const chosen = data.keys[Number(piece.dataset.m)] === key;
      piece.classList.toggle("bn-selected", chosen);
      piece.setAttribute("aria-pressed", String(chosen));
    }
  };
  const choose = (event) => {
    const piece = event.target.closest("[data-m]");
    if (!piece || !document.getSelection().isCollapsed) return;
    const key = data.keys[Number(piece.dataset.m)];
    event.preventDefault();
    event.stopPropagation();
    show(key);
    setStateValue("selected", key);
  };
  root.onclick = choose;
  root.onkeydown = (event) => {
    if (event.key === "Enter" || event.key === " ") choose(event);
  };
  show(data.selected);
}
