"""The SDK contract, by openai-python.

Reads steps from standard input, one JSON array [STEP, BASE_URL, ARGUMENT...] to a line, and prints
one JSON object for each. A step does what an application does, with the SDK's own defaults (two
retries), and tells what the application would see and how many requests the SDK made of it. The
Java tests arrange the pods before and look at them after.
"""

import json
import sys
import threading

import httpx2
import openai


class Sdk:
    """A client that counts the requests it makes."""

    def __init__(self, base, key="unused", transport=None):
        self.attempts = 0
        http = openai.DefaultHttpxClient(
            event_hooks={"request": [self.count]}, transport=transport
        )
        self.client = openai.OpenAI(
            base_url=base + "/v1", api_key=key, timeout=60, http_client=http
        )

    def count(self, request):
        self.attempts += 1

    def chat(self, model="tiny", words="tell me more", **more):
        return self.client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": words}], **more
        )

    def post(self, path, **more):
        return self.client.post(path, cast_to=object, **more)

    def raised(self, call):
        """What a call raised, in an application's terms."""
        try:
            call()
            seen = {"exception": None}
        except openai.APIStatusError as error:
            seen = described(error)
            seen["status"] = error.status_code
            seen["request_id"] = error.request_id
            seen["should_retry"] = error.response.headers.get("x-should-retry")
        except openai.APIError as error:
            seen = described(error)
        seen["attempts"] = self.attempts
        return seen


def described(error):
    return {
        "exception": type(error).__name__,
        "code": error.code,
        "type": error.type,
        "param": error.param,
    }


def models(base):
    sdk = Sdk(base).client
    listed = [model.id for model in sdk.models.list()]
    return {"ids": listed, "retrieved": sdk.models.retrieve(listed[0]).id}


def chat(base, model="tiny"):
    answer = Sdk(base).chat(model=model, max_tokens=8)
    return {
        "text": answer.choices[0].message.content,
        "finish_reason": answer.choices[0].finish_reason,
        "completion_tokens": answer.usage.completion_tokens,
        "request_id": answer._request_id,
    }


def stream(base, model="tiny"):
    text, chunks, usage, empty = "", 0, None, 0
    with Sdk(base).chat(
        model=model, max_tokens=8, stream=True, stream_options={"include_usage": True}
    ) as events:
        for event in events:
            chunks += 1
            if event.usage is not None:
                usage = event.usage.completion_tokens
            if not event.choices:
                empty += 1
            elif event.choices[0].delta.content:
                text += event.choices[0].delta.content
    return {"text": text, "chunks": chunks, "usage": usage, "empty": empty}


TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
THIS_TOOL = {"type": "function", "function": {"name": "get_weather"}}


def tools(base):
    sdk = Sdk(base)
    plain = sdk.chat(tools=[TOOL], tool_choice=THIS_TOOL, max_tokens=32)
    call = plain.choices[0].message.tool_calls[0].function
    streamed = ""
    with sdk.chat(tools=[TOOL], tool_choice=THIS_TOOL, max_tokens=32, stream=True) as events:
        for event in events:
            for choice in event.choices:
                for delta in choice.delta.tool_calls or []:
                    streamed += delta.function.arguments or ""
    return {"name": call.name, "arguments": call.arguments, "streamed": streamed}


def embeddings(base):
    answer = Sdk(base).client.embeddings.create(
        model="tiny", input=["one", "two"], encoding_format="float"
    )
    return {"count": len(answer.data), "dimensions": len(answer.data[0].embedding)}


def leave(base):
    seen = 0
    with Sdk(base).chat(max_tokens=4000, stream=True) as events:
        for _ in events:
            seen += 1
            if seen == 3:
                break
    return {"seen": seen}


def error(base, model="tiny", key="unused"):
    sdk = Sdk(base, key)
    return sdk.raised(lambda: sdk.chat(model=model, max_tokens=4))


def error_in_stream(base):
    sdk = Sdk(base)
    return sdk.raised(lambda: [event for event in sdk.chat(max_tokens=64, stream=True)])


def error_of_raw_body(base, body):
    """A body as it stands, which the SDK's own methods would not send."""
    sdk = Sdk(base)
    content = {"content-type": "application/json"}
    return sdk.raised(
        lambda: sdk.post(
            "/chat/completions", content=body.encode(), options={"headers": content}
        )
    )


def error_of_long_prompt(base, length):
    sdk = Sdk(base)
    return sdk.raised(lambda: sdk.chat(words="x" * length, max_tokens=4))


def error_of_path(base, method, path):
    sdk = Sdk(base)
    call = getattr(sdk.client, method)
    return sdk.raised(lambda: call(path, cast_to=object))


def error_of_headers(base, headers):
    sdk = Sdk(base)
    return sdk.raised(lambda: sdk.chat(max_tokens=4, extra_headers=headers))


def error_of_stored_response(base, response):
    sdk = Sdk(base)
    return sdk.raised(lambda: sdk.client.responses.retrieve(response))


class Halting(httpx2.HTTPTransport):
    """Stops half way through each body for so many seconds."""

    class Body(httpx2.SyncByteStream):
        def __init__(self, whole, pause):
            self.whole, self.pause = whole, pause

        def __iter__(self):
            middle = len(self.whole) // 2
            yield self.whole[:middle]
            threading.Event().wait(self.pause)
            yield self.whole[middle:]

    def __init__(self, pause):
        super().__init__()
        self.pause = pause

    def handle_request(self, request):
        request.stream = Halting.Body(request.read(), self.pause)
        return super().handle_request(request)


def error_of_slow_body(base, pause):
    sdk = Sdk(base, transport=Halting(pause))
    return sdk.raised(lambda: sdk.chat(max_tokens=4))


STEPS = [
    models, chat, stream, tools, embeddings, leave, error, error_in_stream, error_of_raw_body,
    error_of_long_prompt, error_of_path, error_of_headers, error_of_stored_response,
    error_of_slow_body,
]

if __name__ == "__main__":
    steps = {step.__name__: step for step in STEPS}
    for line in sys.stdin:
        step, *arguments = json.loads(line)
        print(json.dumps(steps[step](*arguments), sort_keys=True), flush=True)
