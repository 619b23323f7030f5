"use strict";
/* Keeps a page that is served up to date: rows of the overview one by one, other pages as a whole. */
(() => {
  const content = document.getElementById("content");
  const tbody = document.querySelector("form table.runs tbody");
  const keys = (content.dataset.key ?? "").split(" ").filter(Boolean);
  const fragment = (text) => {
    const template = document.createElement("template");
    template.innerHTML = text;
    return template.content;
  };

  const update = ({ rows, gone, overview }) => {
    if (!tbody) return;
    for (const key of gone) document.getElementById(`row-${key}`)?.remove();
    for (const [key, text] of Object.entries(rows)) {
      const row = fragment(text).querySelector("tr"), old = document.getElementById(`row-${key}`);
      if (old) {
        row.querySelector("input").checked = old.querySelector("input").checked;
        if (!old.contains(document.activeElement)) old.replaceWith(row);
      } else tbody.append(row);
    }
    document.getElementById("overview").replaceChildren(fragment(overview));
    window.convergence.arrange?.();
  };

  let isAsking = false;
  const reload = async () => {
    if (isAsking) return;
    isAsking = true;
    try {
      const answer = await fetch(location.href);
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("content");
      const open = [...content.querySelectorAll("details")].map((each) => each.open);
      const range = content.querySelector("figure.chart")?.chart?.zoomed();
      content.replaceChildren(...fresh.childNodes);
      content.querySelectorAll("details").forEach((each, i) => { each.open = open[i] ?? false; });
      window.convergence.drawAll(content);
      if (range) content.querySelector("figure.chart")?.chart?.show(...range);
    } finally {
      isAsking = false;
    }
  };

  const source = new EventSource(`/events?version=${content.dataset.version}`);
  source.addEventListener("runs", (event) => {
    const changes = JSON.parse(event.data);
    update(changes);
    if (keys.some((key) => key in changes.rows)) reload();
  });
  window.addEventListener("pagehide", () => source.close());
})();
