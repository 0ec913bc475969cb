// PostGraphile over the blog's tables: its recommended preset, the filter plugin, and names from smart tags.
// Told by its environment: DATABASE (JSON: host, port, user, password, database), NAMES (JSON, see names.py), POOL.
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { jsonPgSmartTags } from "postgraphile/utils";
import { PostGraphileConnectionFilterPreset } from "postgraphile-plugin-connection-filter";

const names = JSON.parse(process.env.NAMES);
const RELATIONS = {
  Post: { author: "posts" },
  Comment: { post: "comments" },
};

/** Smart tags that give tables, columns and relations the names that the blog's schema has. */
function tags() {
  const tables = Object.entries(names.tables).map(([entity, { table, columns }]) => {
    const backs = RELATIONS[entity] ?? {};
    const attributes = Object.entries(columns).filter(([field]) => !(field in backs));
    const attribute = attributes.map(([field, column]) => [
      column,
      // Without an index of its own a column is neither ordered nor filtered by unless one asks for it.
      { tags: { name: field, behavior: "+orderBy +filterBy" } },
    ]);
    const links = Object.entries(columns).filter(([field]) => field in backs);
    const held = links.map(([field, column]) => [column, { tags: { name: `${field}Key` } }]);
    const constraint = links.map(([field, column]) => [
      `${table}_${column}_fkey`,
      { tags: { fieldName: field, foreignFieldName: backs[field] } },
    ]);
    const about = {
      tags: { name: entity },
      attribute: Object.fromEntries([...attribute, ...held]),
      constraint: Object.fromEntries(constraint),
    };
    return [`app.${table}`, about];
  });
  const joins = names.joins.map(({ table, a, b }) => {
    const side = (column, one) => [
      `${table}_${column}_fkey`,
      { tags: { fieldName: one.toLowerCase(), foreignFieldName: "links" } },
    ];
    const attribute = { a: { tags: { name: `${a}Key` } }, b: { tags: { name: `${b}Key` } } };
    const constraint = Object.fromEntries([side("a", a), side("b", b)]);
    return [`app.${table}`, { tags: { name: "Link" }, attribute, constraint }];
  });
  return { version: 1, config: { class: Object.fromEntries([...tables, ...joins]) } };
}

const preset = {
  extends: [PostGraphileAmberPreset, PostGraphileConnectionFilterPreset],
  plugins: [jsonPgSmartTags(tags())],
  pgServices: [
    makePgService({
      schemas: ["app"],
      // Connections stay open while others have their turn.
      poolConfig: { ...JSON.parse(process.env.DATABASE), max: Number(process.env.POOL), idleTimeoutMillis: 0 },
    }),
  ],
  schema: { connectionFilterRelations: true },
  grafserv: { graphiql: false, websockets: false },
};

const server = createServer();
const instance = postgraphile(preset).createServ(grafserv);
await instance.addTo(server);
await instance.ready?.();
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ port: server.address().port })));
