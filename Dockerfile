# The emulator for container networks: docker build -t imm-emulator .
# The image holds one static file, and neither a shell nor certificates.
FROM golang:1.26 AS build
WORKDIR /src
COPY . .
ARG VERSION=""
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=${VERSION}" -o /imm-emulator ./cmd/imm-emulator

FROM scratch
COPY --from=build /imm-emulator /imm-emulator
# Any user that is not root does; folders that are mounted must be readable for it.
USER 65532:65532
EXPOSE 8787
# Flags that are given to the container come after these and win over them.
ENTRYPOINT ["/imm-emulator", "-addr", "0.0.0.0:8787"]
