-- The newest schema, written from the migrations by `make docs`; a test holds it against them.
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE applications (
	client_id VARCHAR(36) NOT NULL,
	name VARCHAR(100) NOT NULL,
	redirect_uris TEXT NOT NULL,
	secret_digest BLOB NOT NULL,
	management_token_digest BLOB NOT NULL,
	created_at DATETIME NOT NULL,
	CONSTRAINT pk_applications PRIMARY KEY (client_id),
	CONSTRAINT uq_applications_management_token_digest UNIQUE (management_token_digest)
);
INSERT INTO alembic_version (version_num) VALUES ('0001');
