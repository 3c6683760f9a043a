(() => {
  const tools = document.getElementById("tools");
  const steps = [...document.querySelectorAll(".step")];
  const words = steps.map((step) => step.querySelector(".name").textContent.toLowerCase());
  const search = tools.querySelector("input[type=search]");
  const boxes = [...tools.querySelectorAll("input[type=checkbox]")];
  const count = tools.querySelector("output");
  const apply = () => {
    const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const outcomes = boxes.filter((box) => box.checked).map((box) => box.value);
    let shown = 0;
    steps.forEach((step, at) => {
      const fits = outcomes.some((outcome) => step.classList.contains(outcome)) &&
        wanted.every((word) => words[at].includes(word));
      if (step.hidden === fits) step.hidden = !fits;
      if (fits) shown += 1;
    });
    count.textContent = `${shown} of ${steps.length} steps`;
  };
  let current = -1;
  const go = (by) => {
    const bad = steps.filter((step) => !step.hidden && (step.classList.contains("failed") || step.classList.contains("errored")));
    if (bad.length === 0) return;
    current = (current + by + bad.length) % bad.length;
    const details = bad[current].querySelector("details");
    details.open = true;
    details.querySelector("summary").focus();
    bad[current].scrollIntoView({ block: "start" });
  };
  const unfold = () => {
    const all = steps.filter((step) => !step.hidden).map((step) => step.querySelector("details")).filter(Boolean);
    const open = all.some((details) => !details.open);
    all.forEach((details) => { details.open = open; });
  };
  search.addEventListener("input", apply);
  boxes.forEach((box) => box.addEventListener("change", apply));
  tools.querySelector("[data-do=next]").addEventListener("click", () => go(1));
  tools.querySelector("[data-do=unfold]").addEventListener("click", unfold);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target === search) {
      if (event.key === "Escape") { search.value = ""; apply(); search.blur(); }
      return;
    }
    const does = { "/": () => search.focus(), n: () => go(1), p: () => go(-1), e: unfold }[event.key];
    if (does) { event.preventDefault(); does(); }
  });
  const reveal = () => {
    const line = location.hash && document.getElementById(location.hash.slice(1));
    if (line && line.closest("details")) { line.closest("details").open = true; line.scrollIntoView({ block: "center" }); }
  };
  addEventListener("hashchange", reveal);
  tools.hidden = false;
  apply();
  reveal();
})();
