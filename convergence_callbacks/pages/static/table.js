"use strict";
/* Sorts and filters the table of runs. */
(() => {
  const table = document.querySelector("table.runs");
  if (!table) return;
  const rows = () => [...table.tBodies[0].rows];
  const search = document.getElementById("search"), only = document.getElementById("only"), count = document.getElementById("shown");
  const compared = new Intl.Collator(undefined, { numeric: true }).compare;

  const filter = () => {
    const wanted = search.value.trim().toLowerCase().split(/\s+/), all = rows();
    let seen = 0;
    for (const row of all) {
      const name = row.querySelector("th").textContent.toLowerCase();
      row.hidden = !(wanted.every((word) => name.includes(word)) && (!only.value || row.dataset.verdict === only.value));
      seen += !row.hidden;
      const section = document.getElementById(row.id.slice(4));
      if (section) section.hidden = row.hidden;
    }
    count.textContent = seen === all.length ? "" : `${seen} of ${all.length} shown`;
  };

  const sort = (header, isRising) => {
    const place = header.cellIndex;
    const value = (row) => row.cells[place].dataset.value ?? row.cells[place].textContent.trim();
    const sorted = rows().map((row) => [value(row), row]).sort(([a], [b]) => {
      if (a === "" || b === "") return (a === "") - (b === "");
      return isRising ? compareValues(a, b) : compareValues(b, a);
    });
    table.tBodies[0].append(...sorted.map(([, row]) => row));
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", isRising ? "ascending" : "descending");
  };
  const compareValues = (a, b) => (isNaN(a) || isNaN(b) ? compared(a, b) : a - b);

  for (const header of table.querySelectorAll("th[data-sort]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => sort(header, header.getAttribute("aria-sort") !== "ascending"));
  }
  if (search) {
    search.closest(".controls").hidden = rows().length < 4;
    search.addEventListener("input", filter);
    only.addEventListener("change", filter);
    window.convergence.arrange = () => {
      const header = table.querySelector("th[aria-sort]") ?? table.querySelector("th[data-sort]");
      sort(header, header.getAttribute("aria-sort") !== "descending");
      filter();
    };
    filter();
  }
})();
