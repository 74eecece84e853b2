# Everything that the two commands need: docker build -t stm-lab . && docker run --rm -it stm-lab
# Without Docker, `npm run test:fresh -- --python /usr/bin/python3 --node 22` does the same in a scrubbed environment.
FROM node:22-bookworm-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates git g++ python3 python3-venv \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /stm-lab
COPY . .
# Installs packages, the Python environment and native TensorFlow, and compiles the library.
RUN npm run doctor
# MLflow and JupyterLab listen on 127.0.0.1 of the container: run with --network host to open them.
CMD ["npm", "run", "reproduce"]
