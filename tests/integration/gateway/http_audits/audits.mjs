// The audits of GraphQL over HTTP against the address in the first argument; prints one JSON list of what they found.
// Every request carries the headers in the second argument, a JSON object.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [url, headers] = [process.argv[2], JSON.parse(process.argv[3] ?? "{}")];
// The packages stand in the working directory, not beside this file.
const found = createRequire(pathToFileURL(`${process.cwd()}/`)).resolve("graphql-http");
const { serverAudits } = await import(pathToFileURL(found).href);

const fetchFn = (address, init = {}) =>
  fetch(address, { ...init, headers: { ...init.headers, ...headers } });
const told = [];
for (const audit of serverAudits({ url, fetchFn })) {
  const result = await audit.fn();
  const body = result.response ? await result.response.clone().text().catch(() => "") : "";
  told.push({ id: audit.id, name: audit.name, status: result.status, reason: result.reason ?? "", body: body.slice(0, 300) });
}
console.log(JSON.stringify(told));
