# Earmark in a container, for the processor. For CUDA, use an image with a driver and leave out the extra index.
#   docker build -t earmark .
#   docker run --rm -p 127.0.0.1:8050:8050 -e EARMARK_TOKEN=secret -v /my/speech:/data earmark serve /data/manifest.json
FROM python:3.11-slim
WORKDIR /earmark
COPY requirements.txt ./
COPY .ci/constraints.txt .ci/
RUN pip install --no-cache-dir --extra-index-url https://download.pytorch.org/whl/cpu -r requirements.txt
COPY . .
RUN python -m explorer.vendor && python -m compileall -q app.py explorer evaluator && useradd --create-home earmark
USER earmark
EXPOSE 8050
ENTRYPOINT ["python", "app.py"]
# Inside a container the published port arrives from outside, so the server listens on all addresses, with the token.
CMD ["demo", "server.host=0.0.0.0"]
