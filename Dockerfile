# The local cloud without a function: see docs/local-cloud.md.
FROM python:3.12-slim

WORKDIR /app
COPY requirements/run.txt requirements/run.txt
RUN python -m pip install --no-cache-dir --require-hashes --no-deps -r requirements/run.txt
COPY pyproject.toml README.md LICENSE template.yml ./
COPY requirements/function.txt requirements/function.txt
COPY express_sync express_sync
COPY handler handler
COPY schemas schemas
COPY events events
RUN python -m pip install --no-cache-dir --no-deps --no-build-isolation .

RUN useradd --create-home cloud
USER cloud
WORKDIR /home/cloud
CMD ["express-sync", "up", "--no-function", "--port-base", "8700"]
