# Carwire with what it needs for PostgreSQL. Nothing secret is in here: settings come from the environment.
#
#   docker build -t carwire .
#   docker run -p 8000:8000 -v carwire:/data carwire                    everything in one process, on SQLite
#   docker run … -e CARWIRE_DATABASE=postgresql://… carwire api         several processes: see compose.yaml

FROM python:3.11-slim AS build
WORKDIR /src
COPY pyproject.toml requirements.txt README.md LICENSE NOTICE ./
COPY src ./src
RUN pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir /wheels .
RUN python -m venv --without-pip /opt/carwire
RUN pip --python /opt/carwire/bin/python install --quiet --disable-pip-version-check --no-cache-dir --constraint requirements.txt "$(echo /wheels/carwire-*.whl)[postgres]"

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home carwire && install --directory --owner=10001 --mode=0700 /data
COPY --from=build /opt/carwire /opt/carwire
ENV PATH=/opt/carwire/bin:$PATH CARWIRE_DATA=/data CARWIRE_HOST=0.0.0.0 CARWIRE_PORT=8000
USER 10001
VOLUME /data
EXPOSE 8000
# A worker answers here too. Another port than 8000 wants another check.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --start-interval=1s CMD ["python", "-Ic", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/ready', timeout=4)"]
ENTRYPOINT ["carwire"]
CMD ["up"]
