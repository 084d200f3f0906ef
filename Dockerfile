# An image of nothing but the program (under 16.5 MB), which runs as nobody in particular.
#
#   docker build -t logmetrics .                                   builds the program, then the image
#   docker build -t logmetrics --target prebuilt --build-arg BINARY=PATH .
#                                       takes a static binary that was built outside; needs no network
#
# A sidecar:  docker run -v gateway-logs:/logs:ro -p 3903:3903 logmetrics '/logs/*.log'
# In a pipe:  docker compose logs -f agentgateway | docker run -i -p 3903:3903 logmetrics -
# Every option can be given as an environment variable too (LOGMETRICS_LISTEN and so on).

# What both ways have in common. It stands first, so that a builder which works through the stages in
# order needs no other image for `prebuilt`.
FROM scratch AS base
# The program writes nothing, so the container may run with --read-only. Logs must be readable for
# this user; where they belong to root alone, as docker's own do, say `--user 0`.
USER 65532:65532
EXPOSE 3903
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["/logmetrics", "healthcheck"]
ENTRYPOINT ["/logmetrics"]

FROM base AS prebuilt
ARG BINARY=target/x86_64-unknown-linux-gnu/release/logmetrics
COPY ${BINARY} /logmetrics

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# What --version says, because there is no git here: --build-arg LOGMETRICS_REVISION=$(git rev-parse --short=12 HEAD)
ARG LOGMETRICS_REVISION
# Naming the target keeps build scripts and macros out of the static linking, which they cannot bear.
RUN target=$(rustc -vV | sed -n 's/^host: //p') \
    && RUSTFLAGS="-C target-feature=+crt-static" cargo build --release --locked --target "$target" \
    && mv "target/$target/release/logmetrics" /logmetrics

FROM base
COPY --from=build /logmetrics /logmetrics
