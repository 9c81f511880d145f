# One image: `protem api`, `protem worker`, or `protem serve` for both. No development dependency is in it, so neither is
# any part of the sandbox.
FROM node:24-trixie-slim AS build
WORKDIR /protem
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json ./
COPY scripts scripts
COPY src src
COPY console console
RUN npm run build && npm prune --omit=dev

FROM gcr.io/distroless/nodejs24-debian13:nonroot
WORKDIR /protem
COPY --from=build /protem/node_modules node_modules
COPY --from=build /protem/dist dist
COPY package.json LICENSE ./
COPY config/policy /etc/protem/policy
ENV NODE_ENV=production PROTEM_CONFIG=/etc/protem/protem.yaml AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED=true
EXPOSE 8700
# What requests leave behind is collected a quarter as often: docs/operations.md.
ENTRYPOINT ["/nodejs/bin/node", "--max-semi-space-size=64", "dist/main.js"]
CMD ["serve"]
