// The SDK contract, by openai-node: the same steps in the same form as contract.py, but fewer.
// Started in the folder that has openai in its node_modules.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const require = createRequire(pathToFileURL(process.cwd() + "/"));
const OpenAI = require("openai").default;

class Sdk {
  attempts = 0;

  constructor(base, key = "unused") {
    const counted = (url, init) => {
      this.attempts++;
      return fetch(url, init);
    };
    this.client = new OpenAI({ baseURL: base + "/v1", apiKey: key, timeout: 60_000, fetch: counted });
  }

  chat(more) {
    const messages = [{ role: "user", content: "tell me more" }];
    return this.client.chat.completions.create({ model: "tiny", messages, ...more });
  }

  async raised(call) {
    let seen = { exception: null };
    try {
      await call();
    } catch (error) {
      if (!(error instanceof OpenAI.APIError)) throw error;
      seen = {
        exception: error.constructor.name,
        status: error.status ?? null,
        code: error.code ?? null,
        type: error.type ?? null,
        param: error.param ?? null,
        should_retry: error.headers?.get("x-should-retry") ?? null,
      };
    }
    return { ...seen, attempts: this.attempts };
  }
}

const steps = {
  async models(base) {
    const { client } = new Sdk(base);
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    return { ids, retrieved: (await client.models.retrieve(ids[0])).id };
  },

  async chat(base) {
    const answer = await new Sdk(base).chat({ max_tokens: 8 });
    return {
      text: answer.choices[0].message.content,
      finish_reason: answer.choices[0].finish_reason,
      completion_tokens: answer.usage.completion_tokens,
    };
  },

  async stream(base) {
    const more = { max_tokens: 8, stream: true, stream_options: { include_usage: true } };
    const seen = { text: "", chunks: 0, usage: null, empty: 0 };
    for await (const event of await new Sdk(base).chat(more)) {
      seen.chunks++;
      seen.usage = event.usage?.completion_tokens ?? seen.usage;
      if (event.choices.length === 0) seen.empty++;
      else seen.text += event.choices[0].delta.content ?? "";
    }
    return seen;
  },

  async leave(base) {
    let seen = 0;
    for await (const _ of await new Sdk(base).chat({ max_tokens: 4000, stream: true })) {
      if (++seen === 3) break;
    }
    return { seen };
  },

  async error(base, model = "tiny", key = "unused") {
    const sdk = new Sdk(base, key);
    return sdk.raised(() => sdk.chat({ model, max_tokens: 4 }));
  },

  async error_in_stream(base) {
    const sdk = new Sdk(base);
    return sdk.raised(async () => {
      for await (const _ of await sdk.chat({ max_tokens: 64, stream: true }));
    });
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [step, ...rest] = JSON.parse(line);
  console.log(JSON.stringify(await steps[step](...rest)));
}
