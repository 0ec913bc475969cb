// Checks the document on standard input against the JSON schema of AsyncAPI; prints what is wrong as JSON.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(process.cwd() + "/");
const Ajv = require("ajv");
const formats = require("ajv-formats");
const { schemasWithoutId } = require("@asyncapi/specs");

const document = JSON.parse(readFileSync(0, "utf8"));
const ajv = new Ajv({ strict: false, allErrors: true, validateSchema: false });
formats(ajv);
const validate = ajv.compile(schemasWithoutId[document.asyncapi]);
console.log(JSON.stringify(validate(document) ? [] : validate.errors.slice(0, 20)));
