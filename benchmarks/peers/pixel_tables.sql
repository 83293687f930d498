-- What the peers keep of pixels. `uuid` is what is in a pixel's token.
CREATE TABLE pixels (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    uuid CHAR(32) NOT NULL UNIQUE,
    contact_id BIGINT NOT NULL
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
CREATE TABLE openings (
    id BIGINT AUTO_INCREMENT PRIMARY KEY,
    pixel_id BIGINT NOT NULL,
    opened_at DATETIME(6) NOT NULL,
    user_agent VARCHAR(512) NOT NULL,
    ip VARCHAR(45) NOT NULL,
    FOREIGN KEY (pixel_id) REFERENCES pixels (id)
) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
