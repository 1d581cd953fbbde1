document.documentElement.classList.add("js");
const all = (query, within = document) => [...within.querySelectorAll(query)];
// One workload and target, or everything.
const pick = document.getElementById("pick");
function show() {
  const [w, t] = pick.value.split(",");
  const other = (mine, chosen) => mine !== undefined && chosen !== undefined && mine !== chosen;
  for (const e of all("[data-w]")) e.hidden = pick.value !== "" && (other(e.dataset.w, w) || other(e.dataset.t, t));
}
if (pick) { pick.onchange = show; show(); }
// The legend switches series off.
for (const button of all("[data-k]")) button.onclick = () => {
  const on = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", on);
  for (const e of all(`.chart [data-s="${button.dataset.k}"]`)) e.style.display = on ? "" : "none";
};
// A click on the head of a column sorts by it.
for (const head of all("th")) {
  head.tabIndex = 0;
  head.onkeydown = event => { if (event.key === "Enter") head.onclick(); };
  head.onclick = () => {
    const body = head.closest("table").tBodies[0], up = head.ariaSort !== "ascending";
    for (const other of all("th", head.parentNode)) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const key = row => {
      const cell = row.cells[head.cellIndex], text = cell ? cell.textContent : "";
      if (cell && cell.dataset.v !== undefined) return +cell.dataset.v;
      return text !== "" && isFinite(text) ? +text : text;
    };
    // Numbers before texts, so that what has none stays at the end.
    const order = (a, b) => typeof a === typeof b ? (a < b ? -1 : a > b ? 1 : 0) * (up ? 1 : -1) : typeof a === "number" ? -1 : 1;
    [...body.rows].sort((a, b) => order(key(a), key(b))).forEach(row => body.append(row));
  };
}
// The point under the pointer says what it is, at once and where it is touched.
const tip = Object.assign(document.createElement("div"), { id: "tip", hidden: true });
document.body.append(tip);
document.addEventListener("pointerover", event => {
  const point = event.target.closest(".chart use, .chart [data-s] > path.l");
  const text = point && point.querySelector("title");
  tip.hidden = !text;
  if (!text) return;
  tip.textContent = text.textContent;
  tip.style.left = Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8) + "px";
  tip.style.top = Math.max(event.clientY - tip.offsetHeight - 8, 4) + "px";
});
