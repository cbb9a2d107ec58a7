"""One step of the SDK contract: contract.py STEP BASE_URL [ARGUMENT...] prints one JSON object.

Each step does what an application does with openai-python, with the SDK's own defaults (two
retries), and prints what the application would see. The Java tests arrange the pods before and
look at them after.
"""

import json
import sys

import openai


def client(base, key="unused", **options):
    return openai.OpenAI(base_url=base + "/v1", api_key=key, timeout=30, **options)


def ask(base, model="tiny", **more):
    return client(base).chat.completions.create(
        model=model, messages=[{"role": "user", "content": "tell me more"}], **more
    )


def models(base):
    sdk = client(base)
    listed = [model.id for model in sdk.models.list()]
    return {"ids": listed, "retrieved": sdk.models.retrieve(listed[0]).id}


def chat(base, model="tiny"):
    answer = ask(base, model=model, max_tokens=8)
    return {
        "text": answer.choices[0].message.content,
        "finish_reason": answer.choices[0].finish_reason,
        "completion_tokens": answer.usage.completion_tokens,
        "request_id": answer._request_id,
    }


def stream(base):
    text, chunks, usage, empty = "", 0, None, 0
    with ask(base, max_tokens=8, stream=True, stream_options={"include_usage": True}) as events:
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


def tools(base):
    choice = {"type": "function", "function": {"name": "get_weather"}}
    plain = ask(base, tools=[TOOL], tool_choice=choice, max_tokens=32)
    call = plain.choices[0].message.tool_calls[0].function
    streamed = ""
    with ask(base, tools=[TOOL], tool_choice=choice, max_tokens=32, stream=True) as events:
        for event in events:
            for choice_ in event.choices:
                for delta in choice_.delta.tool_calls or []:
                    streamed += delta.function.arguments or ""
    return {"name": call.name, "arguments": call.arguments, "streamed": streamed}


def embeddings(base):
    answer = client(base).embeddings.create(
        model="tiny", input=["one", "two"], encoding_format="float"
    )
    return {"count": len(answer.data), "dimensions": len(answer.data[0].embedding)}


def raised(call):
    try:
        call()
    except openai.APIStatusError as error:
        return {
            "exception": type(error).__name__,
            "status": error.status_code,
            "code": error.code,
            "type": error.type,
            "param": error.param,
            "request_id": error.request_id,
        }
    except openai.APIError as error:
        return {"exception": type(error).__name__, "message": error.message}
    return {"exception": None}


def error(base, model="tiny", key="unused"):
    sdk = client(base, key)
    return raised(
        lambda: sdk.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "hello"}], max_tokens=4
        )
    )


def error_in_stream(base):
    def read():
        with ask(base, max_tokens=64, stream=True) as events:
            for _ in events:
                pass

    return raised(read)


def bad_type(base):
    return raised(lambda: ask(base, max_tokens=4, extra_body={"stream": "yes"}))


def too_large(base, length):
    sdk = client(base)
    return raised(
        lambda: sdk.chat.completions.create(
            model="tiny", messages=[{"role": "user", "content": "x" * int(length)}]
        )
    )


def unknown_path(base):
    return raised(lambda: client(base).post("/nothing", cast_to=object, body={}))


def leave(base):
    events = ask(base, max_tokens=4000, stream=True)
    seen = 0
    for _ in events:
        seen += 1
        if seen == 3:
            break
    events.close()
    return {"seen": seen}


STEPS = [
    models, chat, stream, tools, embeddings, error, error_in_stream, bad_type, too_large,
    unknown_path, leave,
]

if __name__ == "__main__":
    steps = {step.__name__: step for step in STEPS}
    print(json.dumps(steps[sys.argv[1]](*sys.argv[2:]), sort_keys=True))
