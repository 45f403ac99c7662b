// The list-box half of a combobox (WAI-ARIA APG): opening, arrows, Home and End, choosing, closing. Used by relations and by the search.
import { $$, el } from "./dom.js";

let count = 0;

export class Options {
  // `choose(item)` is called with the item behind the chosen option.
  constructor(input, box, choose) {
    this.input = input;
    this.box = box;
    this.choose = choose;
    this.items = [];
    this.at = -1;
    this.id = `o${++count}-`;
    box.addEventListener("mousedown", (event) => event.preventDefault());
    box.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.pick(Number(option.dataset.at));
    });
  }

  get open() { return !this.box.hidden; }

  // `rows`: [{text, detail, group, item}]; `note` stands below them.
  show(rows, note = "") {
    this.items = rows.map((row) => row.item);
    this.at = -1;
    const nodes = [];
    let group = null;
    rows.forEach((row, index) => {
      if (row.group && row.group !== group) {
        group = row.group;
        nodes.push(el("div", { class: "options-group", role: "presentation" }, group));
      }
      nodes.push(el("div", { class: "option", role: "option", id: this.id + index, "data-at": index, "aria-selected": "false" }, el("span", {}, row.text), row.detail ? el("small", {}, row.detail) : null));
    });
    if (note) nodes.push(el("div", { class: "options-note", role: rows.length ? "presentation" : "option", "aria-disabled": rows.length ? null : "true" }, note));
    this.box.replaceChildren(...nodes);
    this.box.hidden = !nodes.length;
    this.input.setAttribute("aria-expanded", String(!this.box.hidden));
    this.input.removeAttribute("aria-activedescendant");
  }

  hide() {
    this.box.hidden = true;
    this.at = -1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  move(to) {
    if (!this.items.length) return;
    this.at = (to + this.items.length) % this.items.length;
    for (const option of $$("[role=option][data-at]", this.box)) {
      const on = Number(option.dataset.at) === this.at;
      option.setAttribute("aria-selected", String(on));
      if (on) {
        this.input.setAttribute("aria-activedescendant", option.id);
        option.scrollIntoView({ block: "nearest" });
      }
    }
  }

  // What is shown answers what was typed before: none of it is taken by Enter.
  leave() {
    this.at = -1;
    for (const option of $$("[aria-selected=true]", this.box)) option.setAttribute("aria-selected", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  pick(index) {
    const item = this.items[index];
    this.hide();
    if (item !== undefined) this.choose(item);
  }

  // Returns true when the key was used.
  key(event) {
    if (!this.open) return false;
    if (event.key === "ArrowDown") this.move(this.at + 1);
    else if (event.key === "ArrowUp") this.move(this.at < 0 ? this.items.length - 1 : this.at - 1);
    else if (event.key === "Home" && this.at >= 0) this.move(0);
    else if (event.key === "End" && this.at >= 0) this.move(this.items.length - 1);
    else if (event.key === "Enter" && this.at >= 0) this.pick(this.at);
    else if (event.key === "Escape") this.hide();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }
}
