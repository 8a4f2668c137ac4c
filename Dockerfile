# BioNER Studio in a container. This file was not built where it was written, which has no Docker:
# each RUN line was run there by itself, in a fresh virtual environment, with other folders.
#
#   docker build -t bioner-studio .
#   docker run --network host -v bioner:/data bioner-studio
#
# The app listens to 127.0.0.1 alone, so the container uses the host's network. At an address that
# others reach it asks who they are (docs/security.md):
#   docker run -p 8501:8501 -v bioner:/data -e BIONER_SIGN_IN=oidc … bioner-studio \
#     bioner app --host 0.0.0.0 --host-name bioner.lab.example
# With training (torch): docker build --build-arg EXTRAS="[train]" -t bioner-studio .

FROM python:3.11-slim AS wheel
COPY . /src
RUN python -m pip wheel --no-deps -w /wheel /src

FROM python:3.11-slim
ARG EXTRAS=""
COPY --from=wheel /wheel /wheel
RUN python -m venv /opt/bioner
RUN for wheel in /wheel/*.whl; do /opt/bioner/bin/pip install --no-cache-dir "${wheel}${EXTRAS}"; done
RUN install -d -o 10001 -g 10001 /data
ENV PATH=/opt/bioner/bin:$PATH HOME=/data BIONER_HOME=/data/home
USER 10001:10001
VOLUME /data
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD \
  ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["bioner", "app"]
