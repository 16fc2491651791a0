// The page around the verifier: takes files and keys, and shows the answer.
"use strict";

const at = (id) => document.getElementById(id);
const NAMES = {
  origin: "log", size: "events of the log", root: "root", events: "events in the bundle", first: "from position",
  last: "to position", signed_by: "signed by", seen_by: "seen by witnesses", since: "continues the checkpoint of",
  sealed: "sealed passages", erased: "of which erased",
  position: "position", what: "what is wrong", expected: "expected", found: "found",
};

function show(found) {
  const title = document.createElement("h2");
  title.textContent = found.verified ? "Verified" : "Not verified";
  const list = document.createElement("dl");
  const names = Object.entries(NAMES).filter(([name]) => found.sealed || !["sealed", "erased"].includes(name));
  const rows = names.map(([name, label]) => [label, found[name]]);
  for (const end of found.ends ?? []) rows.push([end.aggregate, `${end.version} events, all of them`]);
  for (const [label, value] of rows) {
    const text = Array.isArray(value) ? value.join(", ") : value;
    if (text === undefined || text === null || text === "") continue;
    const [term, said] = [document.createElement("dt"), document.createElement("dd")];
    [term.textContent, said.textContent] = [label, text];
    list.append(term, said);
  }
  at("answer").replaceChildren(title, list);
  at("answer").className = found.verified ? "right" : "wrong";
  at("answer").hidden = false;
}

at("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const [bundle] = at("bundle").files;
  const [since] = at("since").files;
  try {
    const given = { keys: at("keys").value, witnesses: at("witnesses").value, since: (await since?.text()) ?? null };
    show(await globalThis.onRecord.verify(new Uint8Array(await bundle.arrayBuffer()), given));
  } catch (problem) {
    show({ verified: false, what: problem.message });
  }
});

at("drop").addEventListener("dragover", (event) => { event.preventDefault(); at("drop").classList.add("over"); });
at("drop").addEventListener("dragleave", () => at("drop").classList.remove("over"));
at("drop").addEventListener("drop", (event) => {
  event.preventDefault();
  at("drop").classList.remove("over");
  at("bundle").files = event.dataTransfer.files;
});

// Where a service shows this page, what its own last check of the whole record found. Believe the bundle, not this.
async function told() {
  const { proofs } = await (await fetch("/healthz/ready")).json();
  if (!proofs) return;
  const when = proofs.checked_at && new Date(proofs.checked_at).toISOString().slice(0, 16).replace("T", " ");
  let said = `This service has signed the first ${proofs.signed} events of its log. It was not checked since the start.`;
  if (proofs.intact) said = `This service checked its own log at ${when} UTC: events 1 to ${proofs.intact_until} are whole.`;
  if (proofs.intact === false) said = `BROKEN: what this service checked at ${when} UTC is not what was recorded.`;
  if (!proofs.signs) said = `${proofs.intact === false ? said : "It cannot sign its log: see its own log file."} Nothing is signed any more.`;
  at("service").textContent = said;
  at("service").className = proofs.signs && proofs.intact !== false ? "right" : "wrong";
  at("service").hidden = false;
}
if (location.protocol.startsWith("http")) told();
