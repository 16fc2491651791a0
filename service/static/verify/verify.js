// Verifies a bundle of On Record, with WebCrypto and nothing else: in a browser, offline, or in Node.
//
// It is written from the formats (docs/proofs.md), not from the verifier in Python: where the two disagree, one is wrong.
"use strict";

globalThis.onRecord = (() => {
  const HEAD = "onrecord-bundle/v1";
  const LONGEST = 1 << 20;
  const MOST_SIGNATURES = 100;
  const HIGHEST = 62;
  const DASH = "\u2014 ";
  const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

  class Wrong extends Error {
    constructor(what, expected, found, position = null) {
      super(`${what}: expected ${expected}, found ${found}`);
      Object.assign(this, { what, expected: String(expected), found: String(found), position });
    }
  }
  const broken = (line, expected) => new Wrong("the bundle", "one that is whole", `line ${line}: expected ${expected}`);
  class BadKey extends Error {}

  // Bytes.

  const utf8 = new TextEncoder();
  const textOf = (bytes) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  const hex = (bytes) => Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");
  const same = (a, b) => a.length === b.length && a.every((one, n) => one === b[n]);
  const joined = (...parts) => {
    const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) { all.set(part, at); at += part.length; }
    return all;
  };
  const base64 = (text) => {
    if (text.length % 4 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new TypeError("not base64");
    const plain = atob(text);
    if (btoa(plain) !== text) throw new TypeError("another way of writing it in base64");
    return Uint8Array.from(plain, (one) => one.charCodeAt(0));
  };
  const number = (text) => {
    if (!/^(0|[1-9][0-9]{0,14})$/.test(text)) throw new TypeError("not a number");
    return Number(text);
  };
  const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const leafHash = (entry) => sha256(joined([0], entry));
  const nodeHash = (left, right) => sha256(joined([1], left, right));

  // The tree (RFC 9162 section 2.1): the complete subtrees on its right edge.

  class Edge {
    size = 0;
    #subtrees = [];

    async append(hash, height = 0) {
      const leaves = 2 ** height;
      if (this.size % leaves) return false;
      while (this.#subtrees.length && this.#subtrees.at(-1).height === height) {
        hash = await nodeHash(this.#subtrees.pop().hash, hash);
        height += 1;
      }
      this.#subtrees.push({ height, hash });
      this.size += leaves;
      return true;
    }

    async root() {
      if (!this.#subtrees.length) return sha256(new Uint8Array());
      let hash = this.#subtrees.at(-1).hash;
      for (const { hash: left } of this.#subtrees.slice(0, -1).reverse()) hash = await nodeHash(left, hash);
      return hash;
    }
  }

  // Signed notes (c2sp.org/signed-note, c2sp.org/tlog-cosignature).

  const goodName = (name) => name !== "" && !/[\s+\u0000-\u001f]/u.test(name);
  const goodText = (text) => text.endsWith("\n") && !/[\u0000-\u0009\u000b-\u001f]/.test(text);

  async function keyOf(line) {
    const [name, id, ...rest] = line.trim().split("+");
    let material;
    try { material = base64(rest.join("+")); } catch { throw new BadKey(`${line} is no key: it is NAME+ID+KEY`); }
    if (material.length !== 33 || ![1, 4].includes(material[0]) || !goodName(name)) throw new BadKey(`${line} is no key`);
    const known = (await sha256(joined(utf8.encode(`${name}\n`), material))).slice(0, 4);
    if (hex(known) !== id) throw new BadKey(`${line}: the key is not that of its id`);
    const key = await crypto.subtle.importKey("raw", material.slice(1), { name: "Ed25519" }, false, ["verify"]);
    return { name, id, kind: material[0], key };
  }

  function noteOf(bytes) {
    const bad = (found) => new Wrong("the signature", "a note signed by a key of the log", found);
    let whole;
    try { whole = textOf(bytes); } catch { throw bad("no UTF-8"); }
    const cut = whole.lastIndexOf("\n\n");
    const text = whole.slice(0, cut + 1);
    const below = whole.slice(cut + 2);
    if (cut < 0 || !goodText(text) || !goodText(below)) throw bad("no signed note");
    const lines = below.split("\n").slice(0, -1);
    if (lines.length > MOST_SIGNATURES) throw bad(`${lines.length} signatures`);
    const signatures = lines.map((line) => {
      const [name, signed, ...more] = line.slice(DASH.length).split(" ");
      let blob;
      try { blob = base64(signed ?? "!"); } catch { throw bad("no signature line"); }
      if (!line.startsWith(DASH) || more.length || !goodName(name) || blob.length <= 4) throw bad("no signature line");
      return { name, id: hex(blob.slice(0, 4)), blob: blob.slice(4) };
    });
    return { text, signatures };
  }

  async function isRight(key, text, blob) {
    let signed = utf8.encode(text);
    if (key.kind === 4) {
      if (blob.length !== 72) return false;
      const time = new DataView(blob.buffer, blob.byteOffset).getBigUint64(0);
      signed = joined(utf8.encode(`cosignature/v1\ntime ${time}\n`), signed);
      blob = blob.slice(8);
    }
    return crypto.subtle.verify({ name: "Ed25519" }, key.key, blob, signed);
  }

  async function signersOf(note, keys, what) {
    const found = [];
    for (const { name, id, blob } of note.signatures) {
      const key = keys.find((one) => one.name === name && one.id === id);
      if (key === undefined) continue;
      if (!(await isRight(key, note.text, blob))) throw new Wrong(what, "one of this text", `a wrong one by ${name}`);
      if (!found.includes(key.name)) found.push(key.name);
    }
    return found;
  }

  async function signedBy(bytes, keys) {
    const note = noteOf(bytes);
    const signers = await signersOf(note, keys, "the signature");
    if (!signers.length) throw new Wrong("the signature", "one by a key that you named", note.signatures.map((one) => one.name));
    return { note, signers };
  }

  function checkpointOf(text) {
    const [origin, size, root, ...more] = text.split("\n").slice(0, -1);
    const bad = new Wrong("the note that is signed", "a checkpoint", "something else");
    if (!origin || !/^(0|[1-9][0-9]{0,14})$/.test(size ?? "") || more.includes("")) throw bad;
    try {
      const hash = base64(root ?? "!");
      if (hash.length !== 32) throw bad;
      return { origin, size: Number(size), root: hash };
    } catch { throw bad; }
  }

  // The bundle.

  function* linesOf(bytes) {
    for (let start = 0, end; start < bytes.length; start = end + 1) {
      end = bytes.indexOf(10, start);
      if (end < 0 || end - start >= LONGEST) { yield null; return; }
      yield bytes.subarray(start, end);
    }
  }

  function headOf(line) {
    const text = textOf(line);
    const said = JSON.parse(text);
    const { origin, size, first, last, aggregates } = said;
    if (JSON.stringify({ origin, size, first, last, aggregates }) !== text) throw new TypeError("head");
    const numbers = [said.size, said.first, said.last];
    const words = [said.origin, ...said.aggregates];
    if (!numbers.every(Number.isSafeInteger) || !words.every((one) => typeof one === "string")) throw new TypeError("head");
    return said;
  }

  function hashOf(text) {
    const hash = base64(text);
    if (hash.length !== 32) throw new TypeError("hash");
    return hash;
  }

  function entryOf(line) {
    const space = line.indexOf(32);
    const second = line.indexOf(32, space + 1);
    if (space < 0 || second < 0) throw new TypeError("line");
    const position = number(textOf(line.subarray(1, space)));
    const word = textOf(line.subarray(space + 1, second));
    const rest = line.subarray(second + 1);
    if (line[0] === 64) return { position, leaf: hashOf(word), data: rest };
    if (line[0] === 61 && number(word) <= HIGHEST) return { position, height: number(word), hash: hashOf(textOf(rest)) };
    throw new TypeError("line");
  }

  const padded = (moment) => {
    const [whole, parts = ""] = moment.replace(/Z$/, "").split(".");
    return `${whole}.${parts.padEnd(6, "0")}Z`;
  };

  function saidBy(data, position) {
    const bad = new Wrong("the bytes of the event", "an event in JSON", "something else", position);
    let said;
    try { said = JSON.parse(textOf(data)); } catch { throw bad; }
    const whole = said !== null && typeof said.aggregate === "string" && UUID.test(said.aggregate) && Number.isSafeInteger(said.version) &&
      typeof said.name === "string" && typeof said.recorded_at === "string" && "previous" in said;
    if (!whole) throw bad;
    return said;
  }

  class Walk {
    edge = new Edge();
    last = new Map();
    recordedAt = "";
    events = 0;
    sealed = new Map();
    erased = new Set();

    constructor(head) { this.head = head; }

    checkNext(position) {
      const expected = this.edge.size + 1;
      if (position !== expected) throw new Wrong("the events", `position ${expected}`, `position ${position}`, expected);
    }

    async leaveOut({ position, height, hash }) {
      const at = this.edge.size + 1;
      const { aggregates, first, last } = this.head;
      if (!aggregates.length && at <= last && at + 2 ** height > first) {
        throw new Wrong("the events", `position ${Math.max(at, first)}`, "something that was left out", at);
      }
      this.checkNext(position);
      if (!(await this.edge.append(hash, height))) {
        throw new Wrong("what is left out", "a height that may begin here", `height ${height}`, position);
      }
    }

    async take({ position, leaf, data }) {
      this.checkNext(position);
      const found = await leafHash(data);
      if (!same(found, leaf)) throw new Wrong("the hash of the event's bytes", hex(leaf), hex(found), position);
      const { aggregates, first, last } = this.head;
      if (!aggregates.length && (position < first || position > last)) {
        throw new Wrong("the events", `positions ${first} to ${last}`, position, position);
      }
      const said = saidBy(data, position);
      this.follow(said, position);
      const recordedAt = padded(said.recorded_at);
      if (recordedAt <= this.recordedAt) {
        throw new Wrong("the recorded time", `one after ${this.recordedAt}`, recordedAt, position);
      }
      this.recordedAt = recordedAt;
      this.last.set(said.aggregate, { position, version: said.version, mark: hex(found) });
      await this.edge.append(found);
      this.events += 1;
      if (said.name === "subject.sealed.v1") this.sealed.set(said.aggregate, (this.sealed.get(said.aggregate) ?? 0) + 1);
      if (said.name === "subject.erased.v1") this.erased.add(said.aggregate);
      if (aggregates.length && !aggregates.includes(said.aggregate)) {
        throw new Wrong("the event", `one of ${[...aggregates].sort().join(", ")}`, `one of ${said.aggregate}`, position);
      }
    }

    follow(said, position) {
      const before = this.last.get(said.aggregate);
      if (before === undefined && !this.head.aggregates.length && this.head.first !== 1) return;
      const version = (before?.version ?? 0) + 1;
      if (said.version !== version) {
        throw new Wrong(`the events of ${said.aggregate}`, `version ${version}`, `version ${said.version}`, position);
      }
      if (before === undefined && said.previous !== null) {
        throw new Wrong("what the first event names as the one before", "none", said.previous, position);
      }
      if (before !== undefined && said.previous !== before.mark) {
        const what = `the hash of the event that position ${position} names as the one before it`;
        throw new Wrong(what, said.previous, before.mark, before.position);
      }
    }
  }

  function endOf(text) {
    const [name, size, root, aggregate, version, mark, last, ...more] = text.split("\n");
    const numbers = [size, version].every((one) => /^(0|[1-9][0-9]{0,14})$/.test(one));
    if (!name.endsWith("/end") || last !== "" || more.length || !numbers) {
      throw new Wrong("the bundle", "one that is whole", "a note that is neither a checkpoint nor the end of an aggregate");
    }
    return { origin: name.slice(0, -4), size: Number(size), root, aggregate, version: Number(version), mark };
  }

  async function endsOf(notes, keys, checkpoint, walk) {
    const ends = new Map();
    for (const bytes of notes) {
      const end = endOf((await signedBy(bytes, keys)).note.text);
      ends.set(end.aggregate, end);
    }
    for (const aggregate of walk.head.aggregates) {
      const end = ends.get(aggregate);
      if (end === undefined) throw new Wrong(`the end of ${aggregate}`, "a signed note of it", "none");
      const root = btoa(String.fromCharCode(...checkpoint.root));
      if (end.origin !== checkpoint.origin || end.size !== checkpoint.size || end.root !== root) {
        throw new Wrong(`the end of ${aggregate}`, `that at size ${checkpoint.size}`, `one at size ${end.size}`);
      }
      const last = walk.last.get(aggregate) ?? { version: 0, mark: "", position: null };
      if (last.version !== end.version || last.mark !== end.mark) {
        const [right, found] = [end, last].map((one) => `version ${one.version}, ${one.mark}`);
        throw new Wrong(`the last event of ${aggregate}`, right, found, last.position);
      }
    }
    return walk.head.aggregates.map((one) => ends.get(one));
  }

  async function checked(bytes, keys, witnesses, since) {
    const lines = linesOf(bytes);
    let count = 0;
    const next = (expected) => {
      const { value, done } = lines.next();
      count += 1;
      if (done || value === null) throw broken(count, expected);
      return value;
    };
    let head, walk;
    try {
      if (textOf(next("a bundle")) !== HEAD) throw broken(1, HEAD);
      head = headOf(next("what the bundle holds"));
    } catch (problem) { throw problem instanceof Wrong ? problem : broken(count, "what the bundle holds, in JSON"); }
    walk = new Walk(head);
    let rootThen = since?.size === 0 ? await walk.edge.root() : null;
    for (let line; (line = next("a whole line")).length;) {
      let entry;
      try { entry = entryOf(line); } catch { throw broken(count, "an event, a hash, or an empty line"); }
      await ("data" in entry ? walk.take(entry) : walk.leaveOut(entry));
      if (walk.edge.size === since?.size) rootThen = await walk.edge.root();
    }
    const notes = [];
    let [start, end] = [-1, -1];
    for (const line of lines) {
      count += 1;
      if (line === null) throw broken(count, "a signed note that ends in a line with a full stop");
      const at = line.byteOffset - bytes.byteOffset;
      if (start < 0) [start, end] = [at, at];
      if (line.length === 1 && line[0] === 46) {
        notes.push(bytes.subarray(start, end));
        start = -1;
      } else end = at + line.length + 1;
      if (end - start > LONGEST) throw broken(count, "a shorter note");
    }
    if (start >= 0 && start !== end || !notes.length) {
      throw broken(count, "a signed note that ends in a line with a full stop");
    }
    return shown(walk, notes, keys, witnesses, since, rootThen);
  }

  async function shown(walk, notes, keys, witnesses, since, rootThen) {
    const { head, edge } = walk;
    keys = keys.filter((one) => one.name === head.origin);
    const { note, signers } = await signedBy(notes[0], keys);
    const checkpoint = checkpointOf(note.text);
    const root = await edge.root();
    for (const [what, expected, found] of [
      ["the log", head.origin, checkpoint.origin],
      ["the size of the log", checkpoint.size, head.size],
      ["the number of leaves", checkpoint.size, edge.size],
      ["the root of the tree", hex(checkpoint.root), hex(root)],
    ]) if (expected !== found) throw new Wrong(what, expected, found);
    whole(head, walk.events, checkpoint.size);
    if (since) continues(checkpoint, since, rootThen);
    const ends = await endsOf(notes.slice(1), keys, checkpoint, walk);
    const seen = await signersOf(note, witnesses, "a witness's signature");
    return {
      verified: true, origin: checkpoint.origin, size: checkpoint.size, root: hex(root), events: walk.events,
      first: head.first, last: head.last, ends, signed_by: signers,
      seen_by: witnesses.map((one) => one.name).filter((one) => seen.includes(one)), since: since?.size ?? null,
      sealed: [...walk.sealed.values()].reduce((sum, one) => sum + one, 0),
      erased: [...walk.erased].reduce((sum, one) => sum + (walk.sealed.get(one) ?? 0), 0),
    };
  }

  function whole({ aggregates, first, last }, events, size) {
    if (aggregates.length && (first !== 1 || last !== size)) {
      throw new Wrong("the positions of the bundle", `1 to ${size}`, `${first} to ${last}`);
    }
    if (!(first >= 1 && first <= last + 1 && last <= size)) {
      throw new Wrong("the positions of the bundle", `some of 1 to ${size}`, `${first} to ${last}`);
    }
    if (!aggregates.length && events !== last - first + 1) {
      throw new Wrong("the number of events", last - first + 1, events);
    }
  }

  function continues(checkpoint, since, root) {
    if (since.origin !== checkpoint.origin) {
      throw new Wrong("the log of the earlier checkpoint", checkpoint.origin, since.origin);
    }
    if (since.size > checkpoint.size) {
      throw new Wrong("the size of the log", `at least the ${since.size} of the earlier checkpoint`, checkpoint.size);
    }
    const what = `the root at the earlier checkpoint's size ${since.size}`;
    if (root === null) throw new Wrong(what, `a bundle that shows it: export it with --since ${since.size}`, "none");
    if (!same(root, since.root)) throw new Wrong(what, hex(since.root), hex(root));
  }

  // Verify the bytes of a bundle by verifier keys, one a line; `since` is the text of an earlier checkpoint.
  async function verify(bytes, { keys = "", witnesses = "", since = null } = {}) {
    // ML-DSA-44 (c2sp.org/signed-note, type 6) is not offered by browsers: such a key stands beside one of Ed25519.
    const known = (line) => line.trim() && !/^[^+]+\+[0-9a-f]{8}\+Bg/.test(line.trim());
    const read = (text) => Promise.all(text.split("\n").filter(known).map(keyOf));
    const [ours, seen] = [await read(keys), await read(witnesses)];
    try {
      const before = since === null ? null : checkpointOf(noteOf(utf8.encode(since)).text);
      return await checked(bytes, ours, seen, before);
    } catch (wrong) {
      if (!(wrong instanceof Wrong)) throw wrong;
      const { position, what, expected, found } = wrong;
      return { verified: false, position, what, expected, found };
    }
  }

  return { verify };
})();
