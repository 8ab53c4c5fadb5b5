// Serves SCIMMY over two maps: serve.mjs PORT TOKEN. It ends when standard input does.
// Protocol, schema, filters and PATCH are SCIMMY's; storage and uniqueness are left to the host by design.
import { randomUUID } from "node:crypto";
import express from "express";
import SCIMMY from "scimmy";
import Routers from "scimmy-routers";

const [port, token] = process.argv.slice(2);

function handlers(unique) {
  const stored = new Map();
  const missing = (id) => new SCIMMY.Types.Error(404, null, `Resource ${id} not found`);
  return {
    async ingress(request, data) {
      const id = request.id ?? randomUUID();
      const before = stored.get(id);
      if (request.id && !before) throw missing(id);
      const taken = ([other, kept]) => other !== id && kept[unique]?.toLowerCase() === data[unique]?.toLowerCase();
      if (unique && [...stored].some(taken)) throw new SCIMMY.Types.Error(409, "uniqueness", `${unique} is taken`);
      const lastModified = new Date();
      const kept = { ...JSON.parse(JSON.stringify(data)), id };
      kept.meta = { created: before?.meta.created ?? lastModified, lastModified };
      stored.set(id, kept);
      return kept;
    },
    async egress({ id, filter }) {
      if (!id) return filter ? filter.match([...stored.values()]) : [...stored.values()];
      if (!stored.has(id)) throw missing(id);
      return stored.get(id);
    },
    async degress({ id }) {
      if (!stored.delete(id)) throw missing(id);
    },
  };
}

SCIMMY.Resources.declare(SCIMMY.Resources.User, handlers("userName"));
SCIMMY.Resources.User.extend(SCIMMY.Schemas.EnterpriseUser, false);
SCIMMY.Resources.declare(SCIMMY.Resources.Group, handlers());
SCIMMY.Config.set({ patch: true, filter: { supported: true, maxResults: 500 } });

const handler = (request) => {
  if (request.header("Authorization") !== `Bearer ${token}`) throw new Error("Authorization not detected!");
  return "peer";
};
express()
  .use("/scim/v2", new Routers({ type: "bearer", handler }))
  .listen(+port, "127.0.0.1");
process.stdin.on("end", () => process.exit(0)).resume();
