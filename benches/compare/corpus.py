#!/usr/bin/env python3
"""Writes the logs that the comparison reads: the same seed gives the same bytes.

Three files of the same traffic, each with a million request lines and a tenth as many others, of 140 users,
which makes 3 500 series of `requests_by_user`:

  ordered.log  the short form with the user, route and status in the order that the one plain regex
               of rules/agentgateway-regex.toml wants
  gateway.log  as agentgateway writes it: the user at the end, quoted
  json.log     the same as JSON

  corpus.py FOLDER [--lines N] [--seed N]
"""

import argparse
import json
import os
import random

ROUTES = ["anthropic-claude", "openai-gpt", "google-gemini", "xai-grok", "mistral-large"]
MODELS = ["claude-sonnet-4-5-20250929", "gpt-5-mini", "gemini-2.5-flash", "grok-4", "mistral-large-2512"]
PROVIDERS = ["anthropic", "openai", "gcp.gemini", "openai", "mistral"]
STATUSES = ["200"] * 90 + ["429"] * 4 + ["400"] * 3 + ["500"] * 2 + ["401"]
AGENTS = [
    "curl/7.88.1",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
    "OpenAI/Python 1.35.7",
    "python-httpx/0.27.0",
]
OTHERS = [
    "info\tproxy::gateway\tstarted bind\tbind=\"bind/3000\"",
    "warn\tproxy::gateway\tproxy error: connection closed before message completed\tsrc.addr=10.1.2.3:40111",
    "debug\tstate_manager\tloaded config from File(config.yaml), 17 routes, 5 backends, no change since the last time\t",
]
USERS = 140


def traffic(lines, seed):
    """One tuple a line: None for a line that is no request."""
    rng = random.Random(seed)
    first = ["alice", "bob", "carol", "dan", "erin", "frank", "grace", "heidi", "ivan", "judy"]
    users = [f"{first[n % 10]}.{rng.choice('abcdefgh')}{n}@{rng.choice(['example.com', 'corp.example'])}" for n in range(USERS)]
    micros = 0
    for number in range(lines + lines // 10):
        micros += rng.randrange(1, 20000)
        second, micro = divmod(micros, 1000000)
        # The gateway does not pad its microseconds.
        time = f"2026-11-23T{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}.{micro}Z"
        if number % 11 == 10:
            yield time, None, rng.choice(OTHERS)
            continue
        kind = rng.randrange(len(ROUTES))
        yield (
            time,
            users[int(rng.random() ** 2 * USERS)],
            ROUTES[kind],
            MODELS[kind],
            PROVIDERS[kind],
            rng.choice(STATUSES),
            f"{rng.getrandbits(128):032x}",
            f"{rng.getrandbits(64):016x}",
            rng.randrange(1024, 65536),
            rng.randrange(20, 4000),
            rng.randrange(5, 1500),
            rng.randrange(5, 30000),
            rng.choice(AGENTS),
        )


def ordered(time, user, route, model, provider, status, trace, span, port, tokens_in, tokens_out, duration, agent):
    return (
        f"{time}\tinfo\trequest gateway=bind/3000 listener=agentgateway src.addr=10.1.2.3:{port} http.method=POST "
        f"http.host=gateway.example.com http.path=/{route}/v1/chat/completions http.version=HTTP/1.1 "
        f"http.header.x-user-email={user} http.header.user-agent=\"{agent}\" route.name={route} "
        f"endpoint=api.{provider}.example:443 protocol=llm gen_ai.operation.name=chat gen_ai.provider.name={provider} "
        f"gen_ai.request.model={model} gen_ai.response.model={model} gen_ai.usage.input_tokens={tokens_in} "
        f"gen_ai.usage.output_tokens={tokens_out} http.status={status} trace.id={trace} span.id={span} duration={duration}ms\n"
    )


def gateway(time, user, route, model, provider, status, trace, span, port, tokens_in, tokens_out, duration, agent):
    return (
        f"{time}\tinfo\trequest gateway=default/default listener=llm route=default/{route} endpoint=10.0.3.7:9001 "
        f"src.addr=10.1.2.3:{port} http.method=POST http.host=gateway.example.com http.path=/{route}/v1/chat/completions "
        f"http.version=HTTP/1.1 http.status={status} trace.id={trace} span.id={span} protocol=llm gen_ai.operation.name=chat "
        f"gen_ai.provider.name={provider} gen_ai.request.model={model} gen_ai.response.model={model} "
        f"gen_ai.usage.input_tokens={tokens_in} gen_ai.usage.output_tokens={tokens_out} duration={duration}ms "
        f"http.header.x-user-email=\"{user}\" http.header.user-agent=\"{agent}\"\n"
    )


def as_json(time, user, route, model, provider, status, trace, span, port, tokens_in, tokens_out, duration, agent):
    return (
        f'{{"level":"info","time":"{time}","scope":"request","gateway":"default/default","listener":"llm",'
        f'"route":"default/{route}","endpoint":"10.0.3.7:9001","src.addr":"10.1.2.3:{port}","http.method":"POST",'
        f'"http.host":"gateway.example.com","http.path":"/{route}/v1/chat/completions","http.version":"HTTP/1.1",'
        f'"http.status":{status},"trace.id":"{trace}","span.id":"{span}","protocol":"llm","gen_ai.operation.name":"chat",'
        f'"gen_ai.provider.name":"{provider}","gen_ai.request.model":"{model}","gen_ai.response.model":"{model}",'
        f'"gen_ai.usage.input_tokens":{tokens_in},"gen_ai.usage.output_tokens":{tokens_out},"duration":"{duration}ms",'
        f'"http.header.x-user-email":"{user}","http.header.user-agent":"{agent}"}}\n'
    )


def json_other(time, text):
    level, scope, message, *_ = text.split("\t")
    return json.dumps({"level": level, "time": time, "scope": scope, "message": message}, separators=(",", ":")) + "\n"


def write(folder, lines, seed):
    """Writes all three files."""
    os.makedirs(folder, exist_ok=True)
    names = ["ordered.log", "gateway.log", "json.log"]
    files = [open(os.path.join(folder, name), "w", buffering=1 << 20) for name in names]
    for record in traffic(lines, seed):
        if record[1] is None:
            time, _, text = record
            files[0].write(f"{time}\t{text}\n")
            files[1].write(f"{time}\t{text}\n")
            files[2].write(json_other(time, text))
        else:
            files[0].write(ordered(*record))
            files[1].write(gateway(*record))
            files[2].write(as_json(*record))
    for file in files:
        file.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--lines", type=int, default=1_000_000, help="request lines (default one million)")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    write(arguments.folder, arguments.lines, arguments.seed)


if __name__ == "__main__":
    main()
