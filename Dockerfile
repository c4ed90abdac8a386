# docker build -t riverd .
# docker run -d --name riverd -p 127.0.0.1:8080:8080 -v riverd:/var/lib/riverd \
#     -v ./riverd.conf:/etc/riverd/riverd.conf:ro --read-only --cap-drop ALL \
#     --security-opt no-new-privileges riverd
#
# Instead of a file, every key can be a variable: -e RIVERD_KAFKA_BOOTSTRAP_SERVERS=broker:9092.
# Only /var/lib/riverd is written to. compose.yaml has all that a laptop needs.

FROM debian:bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc make libc6-dev pkg-config python3-minimal \
        librdkafka-dev libavro-dev libuv1-dev libcurl4-openssl-dev libcjson-dev libsqlite3-dev \
        libmicrohttpd-dev libssl-dev libxxhash-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
ARG REVISION=unknown
RUN make -j"$(nproc)" REVISION="$REVISION" && strip build/riverd

FROM debian:bookworm-slim
ARG REVISION=unknown
LABEL org.opencontainers.image.title="riverd" \
      org.opencontainers.image.description="Abandoned booking clicks, from Kafka to Kafka" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="$REVISION"
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates librdkafka1 libavro23 libuv1 \
        libcurl4 libcjson1 libsqlite3-0 libmicrohttpd12 libssl3 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/apt /var/log/dpkg.log \
    && install -d -o 10001 -g 10001 -m 0700 /var/lib/riverd && install -d /etc/riverd
COPY --from=build /src/build/riverd /usr/bin/riverd
RUN ["riverd", "--version"]

# A number, so that Kubernetes can see that it is not root.
USER 10001:10001
# A container's port is reachable only when it is published; on loopback inside it never would be.
ENV RIVERD_HTTP_LISTEN=0.0.0.0:8080 RIVERD_HTTP_ALLOW__REMOTE=true
EXPOSE 8080
VOLUME /var/lib/riverd
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=6s --start-period=60s --retries=4 CMD ["riverd", "health"]
ENTRYPOINT ["riverd"]
CMD ["run"]
