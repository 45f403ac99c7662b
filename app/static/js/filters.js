// The filter builder (field, condition, value -> f=field:op:value), the column chooser (cols=a,b,c). Both navigate.
import { $, $$, el } from "./dom.js";
import { startRelations } from "./relation.js";

// The address of the list with its present query, without the place in it.
function here(action) {
  const url = new URL(action, location.href);
  url.search = location.search;
  for (const name of ["after", "before", "last"]) url.searchParams.delete(name);
  return url;
}

export function startFilters() {
  const form = $("[data-filter]");
  if (form) builder(form, JSON.parse($("#filter-fields").textContent));
  const columns = $("[data-columns]");
  if (columns) chooser(columns);
}

function builder(form, spec) {
  const field = $("[data-f]", form);
  const op = $("[data-o]", form);
  const box = $("[data-v]", form);
  const now = () => spec.fields.find((one) => one.n === field.value);
  const conditions = () => {
    const f = now();
    op.replaceChildren(...f.o.map((value) => el("option", { value }, spec.ops[`${f.k}:${value}`] ?? value)));
    inputs();
  };
  const inputs = () => { box.replaceChildren(...values(now(), op.value, spec)); startRelations(box); };
  field.addEventListener("change", conditions);
  op.addEventListener("change", inputs);
  conditions();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const value = read(box, op.value);
    if (value === null) return;
    const url = here(form.dataset.filter);
    url.searchParams.append("f", `${field.value}:${op.value}:${value}`);
    location.assign(url);
  });
  form.closest("details")?.addEventListener("toggle", (event) => { if (event.target.open) field.focus(); });
}

const ALONE = ["empty", "notempty", "today", "past"]; // conditions without a value
const DAYS = ["last", "next"]; // those with a number of days

const labelled = (text, input, id) => [el("label", { class: "label", for: id }, text), input];

function values(f, op, spec) {
  if (ALONE.includes(op)) return [];
  if (DAYS.includes(op)) return labelled(spec.days, el("input", { id: "fl-v", type: "number", min: 1, max: 3660, step: 1, value: 7, required: true, "data-one": true }), "fl-v");
  if (f.k === "bool" && !f.c?.length) return labelled(spec.value, el("select", { id: "fl-v", "data-one": true }, el("option", { value: "true" }, spec.yes), el("option", { value: "false" }, spec.no)), "fl-v");
  if (f.c?.length && op === "in") return [el("fieldset", { class: "checks" }, el("legend", { class: "label" }, spec.many),
    ...f.c.map(([value, label]) => el("label", { class: "check" }, el("input", { type: "checkbox", value, "data-each": true }), el("span", {}, label))))];
  if (f.c?.length) return labelled(spec.value, el("select", { id: "fl-v", "data-one": true }, ...f.c.map(([value, label]) => el("option", { value }, label))), "fl-v");
  if (f.u) {
    const many = op === "in";
    return [el("label", { class: "label", for: "fl-v" }, many ? spec.many : spec.value), el("div", { class: "combo", "data-combo": f.u, "data-name": "v", "data-many": many },
      many ? el("ul", { class: "picked" }) : el("input", { type: "hidden", name: "v" }),
      el("div", { class: "combo-box" }, el("input", { type: "text", id: "fl-v", role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": "fl-l", autocomplete: "off", required: !many })),
      el("div", { class: "options", id: "fl-l", role: "listbox", "aria-label": spec.value, hidden: true }))];
  }
  const type = { number: "number", date: "date", datetime: "datetime-local" }[f.k] ?? "text";
  const input = (id) => el("input", { id, type, step: f.k === "number" ? "any" : null, "data-one": true, maxlength: type === "text" ? 200 : null, autocomplete: "off" });
  if (op === "between") return [...labelled(spec.from, input("fl-v"), "fl-v"), ...labelled(spec.to, input("fl-w"), "fl-w")];
  const one = input("fl-v");
  one.required = true;
  return labelled(spec.value, one, "fl-v");
}

// The value as it stands in the address; null when there is none.
function read(box, op) {
  if (ALONE.includes(op)) return "";
  const each = $$("[data-each]", box);
  if (each.length) return each.filter((one) => one.checked).map((one) => one.value).join(",") || null;
  if ($("[data-combo]", box)) return $$('input[name="v"]', box).map((one) => one.value).filter(Boolean).join(",") || null;
  const found = $$("[data-one]", box).map((one) => one.value.trim());
  if (op === "between") return found.some(Boolean) ? found.join("..") : null;
  return found[0] || null;
}

function chooser(form) {
  const go = (value) => {
    const url = here(form.action);
    if (value) url.searchParams.set("cols", value);
    else url.searchParams.delete("cols");
    location.assign(url);
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    go($$("input:checked", form).map((box) => box.value).join(","));
  });
  $("[data-reset]", form).addEventListener("click", () => go(""));
}
