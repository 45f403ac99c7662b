// Fields that name other records: an autocomplete over the field's lookup address, single or many.
import { $, $$, announce, el, icon, json, later, say } from "./dom.js";
import { Options } from "./combobox.js";

export function startRelations(root) {
  for (const box of $$("[data-combo]", root)) if (!box.dataset.on) relation(box);
}

function relation(box) {
  box.dataset.on = "1";
  const many = box.dataset.many !== undefined;
  const input = $("input[role=combobox]", box);
  const hidden = many ? null : $("input[type=hidden]", box);
  const clear = $("[data-clear]", box);
  const link = box.parentElement?.querySelector("[data-open]");
  let text = input.value;
  let asked = null;

  const changed = () => box.dispatchEvent(new Event("change", { bubbles: true }));
  const set = (item) => {
    const before = hidden.value;
    hidden.value = item?.id ?? "";
    input.value = text = item?.text ?? "";
    input.setCustomValidity("");
    if (clear) clear.hidden = !hidden.value;
    if (link) {
      link.hidden = !hidden.value;
      if (item?.url) link.href = item.url;
      else if (before && hidden.value && link.href.includes(before)) link.href = link.href.replace(before, hidden.value);
      else if (before !== hidden.value) link.hidden = true;
    }
    changed();
  };
  const add = (item) => {
    input.value = "";
    const list = $(".picked", box);
    if ($$("input", list).some((one) => one.value === String(item.id))) return;
    list.append(el("li", {}, el("input", { type: "hidden", name: box.dataset.name, value: item.id }), el("span", {}, item.text),
      el("button", { type: "button", "data-drop": true, "aria-label": say("remove", { name: item.text }) }, icon("x"))));
    changed();
  };
  const options = new Options(input, $(".options", box), many ? add : set);

  const ask = async (q) => {
    asked?.abort();
    asked = new AbortController();
    const url = new URL(box.dataset.combo, location.href);
    url.searchParams.set("q", q);
    const { ok, data, status } = await json(url, { signal: asked.signal });
    if (status === -1 || document.activeElement !== input) return;
    if (!ok) return options.show([], data.message ?? say("failed"));
    const rows = (data.results ?? []).map((row) => ({ text: row.text, detail: row.detail, item: row }));
    options.show(rows, rows.length ? (data.more ? say("more") : "") : say("none"));
    if (q && q === input.value.trim()) options.move(0); // what was typed is most likely the first: Enter takes it
    announce(rows.length ? say("found", { n: data.more ? `${rows.length}+` : rows.length }) : say("none"));
  };
  const askSoon = later(() => ask(input.value.trim()), 180);

  if (link && !hidden?.value) link.hidden = true;
  input.addEventListener("input", () => {
    if (hidden && hidden.value) { hidden.value = ""; if (link) link.hidden = true; changed(); }
    if (clear) clear.hidden = !input.value;
    options.leave();
    askSoon();
  });
  input.addEventListener("click", () => { if (!options.open) ask(input.value === text ? "" : input.value.trim()); });
  input.addEventListener("keydown", (event) => {
    if (options.key(event)) return;
    if (event.key === "ArrowDown" || (event.key === "ArrowUp" && event.altKey)) { event.preventDefault(); ask(input.value === text ? "" : input.value.trim()); }
    if (event.key === "Enter" && input.value.trim() && !hidden?.value) { event.preventDefault(); ask(input.value.trim()); }
    if (event.key === "Backspace" && many && !input.value) { $(".picked li:last-child", box)?.remove(); changed(); }
  });
  input.addEventListener("blur", () => {
    options.hide();
    asked?.abort();
    if (many) { input.value = ""; return; }
    if (!input.value.trim()) { if (hidden.value || text) set(null); }
    else if (!hidden.value) input.setCustomValidity(say("choose"));
    else input.setCustomValidity("");
  });
  input.addEventListener("focus", () => input.setCustomValidity(""));
  clear?.addEventListener("click", () => { set(null); input.focus(); });
  box.addEventListener("click", (event) => {
    const drop = event.target.closest("[data-drop]");
    if (!drop) return;
    drop.closest("li").remove();
    input.focus();
    changed();
  });
}
