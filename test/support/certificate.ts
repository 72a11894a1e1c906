// Test support: a self-signed certificate for localhost and 127.0.0.1, valid until 2126. Its key is public: for tests only.

export const KEY: string = `
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQghr9xIdjc7UpxcUuK
ILyP2IBKuXM9ano2WE2DVM3z3WWhRANCAARemsrwoSqld7SDfciTGOenPK9k/bAT
aFgLNzZUuY4UXQC5KNX/DloqTRnUeZXSv3Yb+5nAf/YXUtPOoQbdeOQ/
-----END PRIVATE KEY-----
`.trimStart();

export const CERTIFICATE: string = `
-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUW4oAGP/sHjqQrloLC4KDqvuFZZ4wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNDA4Mzc1N1oYDzIxMjYxMDMx
MDgzNzU3WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARemsrwoSqld7SDfciTGOenPK9k/bATaFgLNzZUuY4UXQC5KNX/Dloq
TRnUeZXSv3Yb+5nAf/YXUtPOoQbdeOQ/o28wbTAdBgNVHQ4EFgQUXbxTcgwNv78k
p0ltkzeIr5QqcCswHwYDVR0jBBgwFoAUXbxTcgwNv78kp0ltkzeIr5QqcCswDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIgayDpthgyyGwvimOvtHScSeFnGwBs/tRDLwF6xkuc0sgCIQD1
c5B4fZK5BC8o2iJkwlbzlGF0oh/++tredxRa4P7ePQ==
-----END CERTIFICATE-----
`.trimStart();
